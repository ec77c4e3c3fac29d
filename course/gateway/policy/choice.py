"""Which policy a session gets, and who decides: the gateway, by `SLIPWAY_POLICY` in its environment."""

from __future__ import annotations

from collections.abc import Mapping

from course.gateway.errors import GatewayError
from course.gateway.policy.limits import CLASS, FORMER_NAMES, OWN, POLICIES, Policy

SETTING = "SLIPWAY_POLICY"
CHOICES = (OWN.name, CLASS.name)


def default(environment: Mapping[str, str]) -> Policy:
    """The policy of a session that asks for none.

    Args:
        environment: of the gateway.

    Raises:
        GatewayError: the setting has another value.
    """
    wanted = environment.get(SETTING) or OWN.name
    if wanted not in CHOICES:
        raise GatewayError(
            f"{SETTING}: {' or '.join(CHOICES)}", repr(wanted), f"set it to {CLASS.name}, or leave it out"
        )
    return POLICIES[wanted]


def given(asked: str, environment: Mapping[str, str]) -> Policy:
    """The policy of a session.

    A session may ask for a stricter policy than the gateway's, never for a weaker one: on a shared machine whoever
    starts the gateway decides, not whoever opens a session.

    Args:
        asked: a policy's name, or "".
        environment: of the gateway.

    Raises:
        GatewayError: there is no such policy, or this gateway doesn't give it.
    """
    least = default(environment)
    if not asked:
        return least
    policy = POLICIES.get(FORMER_NAMES.get(asked, asked))
    if policy is None:
        raise GatewayError(f"a policy: {', '.join(POLICIES)}", asked, f"--policy {least.name}")
    if policy is OWN and least is not OWN:
        raise GatewayError(
            f"the policy {least.name}, or one for grading", asked, f"leave out --policy: {SETTING} decides here"
        )
    return policy
