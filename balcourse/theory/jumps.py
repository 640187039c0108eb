"""Linear response of a leaky integrate-and-fire neuron to jumps of finite size, on a time grid.

Diffusion theory keeps two moments of the input. Here nothing is expanded: V decays for one step, is
lifted by a Poisson number of excitatory jumps and lowered by one of inhibitory jumps, and spikes if
it ends the step at the threshold or above, as in the simulation of `balcourse.models.lif`. Its
density is a vector, a step is a matrix. Neurons driven by such jumps, in continuous time: F. Droste
and B. Lindner, J. Comput. Neurosci. 43:81 (2017). Units: ms, mV, Hz.
"""

import dataclasses
import math

import numpy as np
from scipy import linalg, optimize

from balcourse.parameters import checked
from balcourse.theory.diffusion import amplified_spectrum, stationary_states


@dataclasses.dataclass(frozen=True)
class JumpResponse:
    """What `jump_response` returns, for recurrent trains of the rate that the neuron itself has.

    Attributes
    ----------
    rate : float
        Self-consistent rate, Hz.
    response : numpy.ndarray
        Shape (2, frequencies), complex: spikes per excitatory jump and per inhibitory jump.
    spectrum : numpy.ndarray
        Shape (frequencies,): spectrum of the spike train, two-sided, Hz.
    """

    rate: float
    response: np.ndarray
    spectrum: np.ndarray


def jump_response(network, frequency, *, dt=0.1, cells=1):
    """Solve one neuron of a network whose recurrent trains are Poisson and as fast as itself.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Excitatory and inhibitory neurons must be alike (model A).
    frequency : array_like
        Hz, shape (frequencies,).
    dt : float
        Step, ms; the refractory time should be a whole number of steps.
    cells : int
        Cells of the potential's grid per excitatory jump.

    Returns
    -------
    JumpResponse

    Raises
    ------
    ValueError
        If the populations differ, or a parameter is out of bounds.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> answer = jump_response(BrunelNetwork(g=5, external_ratio=2), [250.0])
    >>> round(answer.rate, 1)
    37.4
    """
    dt = checked("dt", dt, "ms", above=0, at_most=network.refractory or network.tau)
    cells = checked("cells", cells, integer=True, at_least=1)
    state = stationary_states(network)[-1]
    if isinstance(state.rate, np.ndarray) or not state.rate > 1e-3:
        raise ValueError(f"network = {network}: must be alike (model A) and fire above 0.001 Hz")
    width = network.j / cells
    low = min(state.mean, network.reset) - 5 * state.sd
    count = math.ceil((network.threshold - low) / width)
    v = network.threshold - width * (np.arange(count, 0, -1) - 0.5)
    held = round(network.refractory / dt)

    place = (v * math.exp(-dt / network.tau) - v[0]) / width
    decay = _split(place, count)
    reset = _split(np.array([(network.reset - v[0]) / width]), count)[:, 0]
    phase = 2 * np.pi * np.fft.fftfreq(2 * count)
    up = np.exp(-1j * phase * cells) - 1
    size = network.g * cells
    share = size - math.floor(size)  # a jump between two cells is shared by both
    down = (1 - share) * np.exp(1j * phase * math.floor(size))
    down = down + share * np.exp(1j * phase * (math.floor(size) + 1)) - 1

    def moved(transform):
        """Matrix of the density's move over the grid, and what leaves it: the spikes."""
        kernel = np.fft.ifft(transform).real
        matrix = linalg.toeplitz(kernel[:count], kernel[-np.arange(count)])
        return matrix @ decay, (transform[0].real - matrix.sum(axis=0)) @ decay

    def stationary(rate):
        jumps = dt * network.c_e * (network.external_rate + rate) / 1000
        factor = np.exp(jumps * up + dt * network.c_i * rate / 1000 * down)
        step, fired = moved(factor)
        density = np.linalg.solve(np.eye(count) - step, reset)
        return factor, step, fired, density / (density.sum() + held)

    def excess(rate):
        _, _, fired, density = stationary(rate)
        return 1000 / dt * (fired @ density) - rate

    rate = optimize.brentq(excess, 0.5 * state.rate, 1.5 * state.rate, xtol=1e-6)
    factor, step, fired, density = stationary(rate)
    changed = [moved(factor * kick) for kick in (up, down)]
    starts = np.array([reset, *(matrix @ density for matrix, _ in changed)]).T.astype(complex)
    at_once = np.array([out @ density for _, out in changed])
    response, transform = [], []
    for turn in np.exp(2e-3j * np.pi * dt * np.asarray(frequency, float)):
        later = fired @ np.linalg.solve(turn * np.eye(count) - step, starts)
        transform.append(later[0] * turn ** (1 - held))
        response.append((at_once + later[1:]) / (1 - transform[-1]))
    transform = np.array(transform)
    spectrum = rate * (1 - np.abs(transform) ** 2) / np.abs(1 - transform) ** 2
    return JumpResponse(rate, np.array(response).T, spectrum)


def _split(place, count):
    """Matrix that puts unit masses on a grid, each shared by the two cells nearest to its place."""
    lower = np.clip(np.floor(place).astype(int), 0, count - 2)
    matrix = np.zeros((count, place.size))
    columns = np.arange(place.size)
    matrix[lower, columns] = 1 - (place - lower)
    matrix[lower + 1, columns] = place - lower
    return matrix


def jump_spectrum(network, frequency, *, dt=0.1, cells=1):
    """Spectrum of the population rate, as `diffusion.population_spectrum`, with `jump_response`.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> from balcourse.theory.diffusion import population_spectrum
    >>> network = BrunelNetwork(g=5, external_ratio=2)
    >>> bool(jump_spectrum(network, [250.0]) > 1.25 * population_spectrum(network, [250.0]))
    True
    """
    frequency = np.asarray(frequency, float)
    answer = jump_response(network, frequency, dt=dt, cells=cells)
    loop = answer.response * np.exp(-2e-3j * np.pi * frequency * network.delay)
    loop = (loop * np.array([[network.c_e], [network.c_i]])).T
    return amplified_spectrum(network, np.stack([loop, loop], axis=1), answer.spectrum)
