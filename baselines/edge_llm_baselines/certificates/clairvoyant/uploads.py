"""An episode whose uploads carry over, in which keeping an upload for later is paid for.

What of a request's upload is still to be sent when an epoch begins was decided before, by who knew what was known
then. So the sum of differences times those parts is 0 on average, whatever a policy sends and serves, and it is linear
in what is sent: the penalised clairvoyant is the linear programme of hindsight with a worth on sending, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.certificates.clairvoyant.penalised import check_differences
from edge_llm_baselines.certificates.clairvoyant.waiting import Waiting
from edge_llm_baselines.uploads.episode import UploadEpisode
from edge_llm_baselines.uploads.programme import Programme, programme_of
from edge_llm_baselines.uploads.rounding import relaxed


@dataclass(frozen=True, eq=False)
class PenalisedUploads:
    """Maximise requests served less Σ difference × part of the upload that is still to be sent when the epoch begins.

    With 1 - Σ of what was sent before for that part, it is `constant` = -Σ of all differences, and `worth` of what is
    sent and served: sending counts Σ of the request's differences in later epochs, serving 1.
    """

    programme: Programme
    worth: NDArray[np.float64]
    """(2k,) of the programme's variables."""
    constant: float

    @classmethod
    def of(cls, episode: UploadEpisode, waiting: Waiting, differences: NDArray[np.float64]) -> PenalisedUploads:
        """From the differences, shape (w,), of the same workload; raises ValueError as `check_differences` does."""
        check_differences(waiting, differences)
        later = waiting.still_to_come(differences)
        return cls(programme_of(episode), np.concatenate([later, np.ones(len(later))]), -float(differences.sum()))

    def bound(self) -> float:
        """What no schedule is worth more than, nor parts of completions."""
        return self.constant + most_worth(self.programme, self.worth)[0]

    def value(self, plan: NDArray[np.float64]) -> float:
        """What a plan serves, less what it pays: (2k,) parts sent and completions, as a policy played them."""
        return self.constant + float(self.worth @ plan)


def most_worth(programme: Programme, worth: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """At least the most that the variables of a programme can be worth, and (2k,) values of them that are worth it.

    The bound is that of HiGHS's prices, which is one for any prices of at least 0, so nothing is asked of its
    tolerances. Raises RuntimeError if HiGHS fails.
    """
    if not len(worth):
        return 0.0, worth
    found = relaxed(programme, programme.limit, np.zeros(len(worth)), programme.most, worth)
    prices = np.maximum(-found.ineqlin.marginals, 0.0)
    left = np.maximum(worth - programme.rows.T @ prices, 0.0)
    return float(prices @ programme.limit + left @ programme.most), found.x
