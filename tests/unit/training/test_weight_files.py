import subprocess
import sys

from support.project import ROOT

from vidpipe.training.weight_files import GENERATOR_WEIGHTS


def test_shipped_models_have_a_file_of_that_name():
    models = [path for path in (ROOT / "src/vidpipe/shipped").iterdir() if path.is_dir()]
    assert models
    assert all((model / GENERATOR_WEIGHTS).is_file() for model in models)


def test_commands_that_only_ask_for_a_file_need_no_torch():
    code = "import sys; import vidpipe.training.weight_files; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
