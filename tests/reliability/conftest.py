from collections.abc import Iterator

import pytest

from tests.reliability import scenarios
from tests.reliability.machine import Machine
from tests.reliability.scenarios import Scenario


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("reliability")) as machine:
        yield machine


@pytest.fixture(scope="session")
def update(machine: Machine) -> Scenario:
    return scenarios.update(machine)


@pytest.fixture(scope="session")
def replacement(machine: Machine) -> Scenario:
    return scenarios.replacement(machine)


@pytest.fixture(scope="session")
def calls(machine: Machine) -> None:
    """Needs the library that lets system calls fail."""
    if not machine.shim:
        pytest.skip("needs Linux and a C compiler")
