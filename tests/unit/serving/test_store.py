from pathlib import Path

from vidpipe.serving import store


def test_trained_weights_go_before_fetched_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained, fetched = Path("data/06_models/gan3d"), Path(".vidpipe/models/gan3d")
    assert store.folder_of("gan3d") == trained, "that of the file that an error is to name"
    for folder in (fetched, trained):
        folder.mkdir(parents=True)
        assert store.folder_of("gan3d") == (trained if folder == fetched else fetched)
        (folder / store.WEIGHTS).touch()
        assert store.folder_of("gan3d") == folder


def test_what_is_offered_can_be_trained():
    from vidpipe.pipeline_registry import STAGES

    assert {store.training_command(name).split()[-1] for name in store.NAMES} <= set(STAGES)
