"""What outlives the stacks of a run: found by its prefix, removed where it is meant to stay, and told in the end."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from acceptance.account import Account
from acceptance.names import TAG
from acceptance.stacks import GONE
from local.provider_table import empty_table


class Remains:
    """All that has a run's prefix."""

    def __init__(self, account: Account, prefix: str) -> None:
        """Look for nothing yet."""
        self._account = account
        self._prefix = prefix

    def removals(self) -> Iterator[Callable[[], object]]:
        """Yield what removes what the template keeps for good reason: the table. And late logs, and secrets."""
        dynamodb, logs = self._account.client("dynamodb"), self._account.client("logs")
        secrets = self._account.client("secretsmanager")
        for name in self._tables():
            yield partial(dynamodb.delete_table, TableName=name)
        for name in self._log_groups():
            yield partial(logs.delete_log_group, logGroupName=name)
        for name in self._secrets():
            yield partial(secrets.delete_secret, SecretId=name, ForceDeleteWithoutRecovery=True)

    def forget_claims(self) -> None:
        """Empty the provider's table, so that no Delete of a consumer's stack takes a credential away."""
        for table in self._tables():
            empty_table(self._account.client("dynamodb"), table)

    def left(self) -> list[str]:
        """Return what is still there, a line each."""
        return [f"The {kind} {name} is still there." for kind, name in self._found()]

    def tagged(self) -> list[str]:
        """Return the ARNs that the tagging API has: a cross-check, since it has what is deleted for some minutes."""
        pages = self._account.client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = pages.paginate(TagFilters=[{"Key": TAG, "Values": [self._prefix]}])
        return [each["ResourceARN"] for page in found for each in page["ResourceTagMappingList"]]

    def _found(self) -> Iterator[tuple[str, str]]:
        yield from (("stack", name) for name in self._stacks())
        yield from (("table", name) for name in self._tables())
        yield from (("log group", name) for name in self._log_groups())
        yield from (("secret", name) for name in self._secrets())
        prefix = self._prefix
        path = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{prefix}"]}]
        dashboards = {"DashboardNamePrefix": prefix}
        # Narrowed where AWS can: others work in the account, too, and its rates are for all of them.
        listings: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
            ("bucket", "s3", "list_buckets", "Buckets", "Name", {"Prefix": prefix}),
            ("role", "iam", "list_roles", "Roles", "RoleName", {}),
            ("function", "lambda", "list_functions", "Functions", "FunctionName", {}),
            ("rule", "events", "list_rules", "Rules", "Name", {"NamePrefix": prefix}),
            ("queue", "sqs", "list_queues", "QueueUrls", "", {"QueueNamePrefix": prefix}),
            ("parameter", "ssm", "describe_parameters", "Parameters", "Name", {"ParameterFilters": path}),
            ("alarm", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", {"AlarmNamePrefix": prefix}),
            ("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", dashboards),
        )
        for kind, service, operation, member, key, narrowed in listings:
            for each in self._all(service, operation, member, **narrowed):
                name = str(each[key] if key else each).rpartition("amazonaws.com")[2]
                if self._prefix in name:
                    yield kind, name

    def _all(self, service: str, operation: str, member: str, **narrowed: object) -> Iterator[Any]:
        for page in self._account.client(service).get_paginator(operation).paginate(**narrowed):
            yield from page.get(member, [])

    def _stacks(self) -> list[str]:
        names = list(self._all("cloudformation", "list_stacks", "StackSummaries"))
        return sorted({n["StackName"] for n in names if n["StackStatus"] != GONE and self._is_own(n["StackName"])})

    def _tables(self) -> list[str]:
        return [name for name in self._all("dynamodb", "list_tables", "TableNames") if self._is_own(name)]

    def _log_groups(self) -> list[str]:
        names = [group["logGroupName"] for group in self._all("logs", "describe_log_groups", "logGroups")]
        return [name for name in names if self._prefix in name]

    def _secrets(self) -> list[str]:
        return [
            each["Name"]
            for each in self._all(
                "secretsmanager", "list_secrets", "SecretList", Filters=[{"Key": "name", "Values": [self._prefix]}]
            )
            if self._is_own(each["Name"])
        ]

    def _is_own(self, name: str) -> bool:
        return name.startswith(self._prefix)
