import inspect

from vidpipe.config.datasets import Source
from vidpipe.data.datasets.registry import FILES, SOURCES


def test_every_data_set_has_a_block_whose_keys_it_takes():
    of_all = {"dataset", "test", "broken"}
    blocks = {name: field for name, field in Source.model_fields.items() if name not in of_all}
    assert blocks.keys() == SOURCES.keys()
    assert FILES.keys() <= SOURCES.keys()
    for name, function in (*SOURCES.items(), *FILES.items()):
        block = next(a for a in blocks[name].annotation.__args__ if hasattr(a, "model_fields"))
        given = {*block.model_fields, "place"}
        inspect.signature(function).bind(**dict.fromkeys(given))
