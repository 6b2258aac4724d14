import pandas as pd
import pytest
import torch
from torch import nn

from vidpipe.training.loop import Report
from vidpipe.training.single import fit_network, record_history
from vidpipe.utils.errors import UserError


def test_the_first_loss_is_minimised_and_the_rate_falls_at_the_end_alone():
    rates = []
    for cooldown in (1.0, 0.5):
        network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(network.weight)

        def losses(rng, network=network):
            weight = network.weight.sum()
            return {"total": -weight, "weight": weight}

        reports = fit_network(
            network, losses, steps=4, learning_rate=0.1, cooldown=cooldown, report_every=1, seed=0
        )
        seen = [report.values["weight"] for report in reports] + [network.weight.item()]
        # Adam's step along a gradient that does not change is its learning rate.
        rates.append(torch.tensor(seen).diff() / 0.1)
        assert not network.training
    torch.testing.assert_close(rates[0], torch.tensor([1.0, 0.75, 0.5, 0.25]))
    torch.testing.assert_close(rates[1], torch.tensor([1.0, 1.0, 1.0, 0.5]))


def test_a_history_has_a_row_for_each_report_and_one_that_diverges_names_what_to_lower():
    reports = [Report(2, {"cross_entropy": 0.12345678, "accuracy": 0.5})]
    expected = pd.DataFrame({"step": [2], "cross_entropy": [0.123457], "accuracy": [0.5]})
    pd.testing.assert_frame_equal(record_history(reports, steps=4, name="judge"), expected)
    reports.append(Report(4, {"cross_entropy": float("nan"), "accuracy": 0.5}))
    with pytest.raises(UserError, match=r"judge: .* at step 4: .*; lower judge\.learning_rate"):
        record_history(reports, steps=4, name="judge")


def test_every_report_is_logged_and_the_block_of_the_rate_is_named():
    logged = []
    reports = [Report(1, {"total": 1.0}), Report(2, {"total": 0.5, "l1": float("inf")})]
    with pytest.raises(UserError, match=r"at step 2: .*; lower paint\.train\.learning_rate"):
        record_history(
            reports,
            steps=2,
            name="paint",
            block="paint.train",
            log=lambda *call: logged.append(call),
        )
    assert logged == [({"total": 1.0}, 1)]
