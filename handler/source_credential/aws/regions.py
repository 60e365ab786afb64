"""Regions: which ones there may be is decided by the provider's partition, and AWS says the rest.

The SDK's list of a service's regions is older than the newest of them.
"""

from functools import cached_property

import boto3
from botocore.exceptions import UnknownRegionError

from source_credential.aws.services import CODEBUILD
from source_credential.errors import InvalidRequest


class Regions:
    """The regions of the provider's own partition."""

    def __init__(self, session: boto3.Session) -> None:
        """Keep the session, whose region is the provider's own."""
        self._session = session
        self.own = session.region_name

    def check(self, region: str, what: str) -> None:
        """Check that a region has a name as those of the provider's partition have. Raises InvalidRequest.

        what: the property that says so.
        """
        if region == self.own:
            return
        try:
            partition = self._session.get_partition_for_region(region)
        except UnknownRegionError:
            partition = None
        if partition is None:
            raise InvalidRequest(
                what, f"{region} is no region of partition {self._partition}", f"Correct it: {self.nearest(region)}"
            )
        self._check_partition(partition, region, what)

    def check_partition(self, arn: str, what: str) -> None:
        """Check that an ARN, arn:PARTITION:..., is of the provider's partition. Raises InvalidRequest."""
        self._check_partition(arn.split(":")[1], arn, what)

    def _check_partition(self, partition: str, it: str, what: str) -> None:
        if partition != self._partition:
            raise InvalidRequest(
                what,
                f"{it} is in partition {partition}, and the provider is in {self._partition}",
                "No credentials reach from one partition into another: deploy a provider there.",
            )

    def is_known(self, region: str) -> bool:
        """Tell whether the SDK knows CodeBuild in a region. It does not know those that are newer than it."""
        return region == self.own or region in self._known

    def nearest(self, region: str) -> str:
        """Return what is said of the name that is nearest to a region's."""
        from difflib import get_close_matches  # a region that is right does not need it

        [nearest] = get_close_matches(region, self._known or [self.own], n=1, cutoff=0)
        return f"the nearest name that is known here is {nearest}."

    @cached_property
    def _partition(self) -> str:
        return self._session.get_partition_for_region(self.own)

    @cached_property
    def _known(self) -> list[str]:
        return self._session.get_available_regions(CODEBUILD, partition_name=self._partition)
