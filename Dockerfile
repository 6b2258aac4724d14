FROM python:3.11-slim-bookworm
# A build of torch by the name of its index: cpu, cu130.
ARG TORCH=cpu
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/${TORCH} \
    PIP_NO_CACHE_DIR=1
RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /vidpipe
COPY . .
# Compiled here, for a container forgets what it compiles.
RUN make env COMPILE=1
ENV PATH=/vidpipe/.venv/bin:${PATH}
CMD ["make", "test"]
