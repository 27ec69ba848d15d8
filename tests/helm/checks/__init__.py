"""What must hold of any render; each module names its violations in words."""

from tests.helm.checks import environment, journal, metrics, network, restricted, secrecy, wiring
from tests.helm.rendering import Manifest, Values


def violations(objects: list[Manifest], values: Values) -> list[str]:
    return [
        *restricted.violations(objects),
        *secrecy.violations(objects),
        *environment.violations(objects, values),
        *wiring.violations(objects, values),
        *journal.violations(objects, values),
        *network.violations(objects, values),
        *metrics.violations(objects, values),
    ]
