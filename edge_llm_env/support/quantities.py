"""The numbers that a scenario is made of, each within bounds that physics or the arithmetic of an episode give.

Whatever lies within its bounds is finite, and so is what is computed of several.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

PositiveFloat = Annotated[float, Field(ge=1e-12, le=1e18, allow_inf_nan=False)]
"""A quantity of no kind below: products of several are finite, and their quotients too."""
NonNegativeFloat = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]
"""Likewise, or nothing."""

Tokens = Annotated[int, Field(gt=0, lt=2**31)]
"""Environments hold lengths in 32 bits."""
Modules = Annotated[int, Field(ge=1, le=1024)]
"""More compute modules are a data centre and no edge node."""
Epochs = Annotated[int, Field(ge=1, le=10**9)]
"""A thousand million epochs take days at the speed of kernels."""
DurationS = Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False)]
"""From a microsecond, within which no radio sends a frame, to thirty years."""
LoadS = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
"""Eleven days at most."""
RatePerS = Annotated[float, Field(ge=1e-9, le=1e6, allow_inf_nan=False)]
"""From one request in thirty years to those of a large country."""
PhaseRatePerS = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
"""Likewise, where nobody may come for a while."""
BandwidthHz = Annotated[float, Field(ge=1.0, le=1e12, allow_inf_nan=False)]
"""Radio ends at 3 THz (ITU Radio Regulations 1.5), and a band is a part of it."""
CarrierHz = Annotated[float, Field(ge=3e3, le=3e12, allow_inf_nan=False)]
"""From very low frequencies to the end of radio (ITU Radio Regulations 2.1)."""
PowerDbm = Annotated[float, Field(ge=-150, le=100, allow_inf_nan=False)]
"""100 dBm are 10 MW, above any broadcast; -150 dBm is below what receivers hear."""
NoiseDbmPerHz = Annotated[float, Field(ge=-230, le=0, allow_inf_nan=False)]
"""Thermal noise, kT, is -174 dBm/Hz at 290 K and -229 dBm/Hz at a millikelvin."""
BitsPerToken = Annotated[float, Field(ge=1e-3, le=1e12, allow_inf_nan=False)]
"""A token's index has some 17 bits, an embedding 10⁵, a film 10¹⁰."""
BitsPerSPerHz = Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)]
"""1024QAM reaches 9.3 bit/s/Hz on each of at most some dozens of layers."""
DistanceM = Annotated[float, Field(ge=1e-3, le=1e8, allow_inf_nan=False)]
"""From a millimetre to beyond geostationary satellites, 3.6e7 m."""
HeightM = Annotated[float, Field(gt=1, le=1e4, allow_inf_nan=False)]
"""Above the effective environment height of 3GPP TR 38.901, 1 m."""
SpeedMPerS = Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)]
"""Satellites move at 7.6e3 m/s."""
LossDb = Annotated[float, Field(ge=-200, le=400, allow_inf_nan=False)]
"""Of a path; a channel beyond 400 dB is dead by any account."""
DeviationDb = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
"""Of shadowing, where measured ones are 3 to 12 dB, and losses of a receiver."""
SlopeDb = Annotated[float, Field(ge=1e-3, le=200, allow_inf_nan=False)]
"""Per decade of distance; free space has 20 dB."""
RatioDb = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
"""Of two powers."""
Bytes = Annotated[float, Field(ge=1, le=1e15, allow_inf_nan=False)]
"""Up to a petabyte."""
BytesPerS = Annotated[float, Field(ge=1, le=1e15, allow_inf_nan=False)]
"""Up to a petabyte a second."""
PerplexityIncrease = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
"""Guessing has the vocabulary's size as its perplexity."""
Variation = Annotated[float, Field(ge=1e-3, le=100, allow_inf_nan=False)]
"""Coefficient of variation; at 100 requests come some 10,000 at once."""
AngleRad = Annotated[float, Field(ge=-6.2831854, le=6.2831854, allow_inf_nan=False)]
"""A turn either way."""
RewardWeight = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
"""What an episode pays is finite at 32 bits too."""
