# What a machine's settings of pip say of where packages come from (indexes, proxies, certificates) holds here. What they say
# of where packages go, or whether they do, does not: a variable outdoes the same setting in a configuration file, and an
# option outdoes both. Everything is locked, so constraints can only contradict. uv reads none of these settings.
PIP_ENVIRONMENT := env -u PIP_PYTHON -u PIP_EDITABLE \
	PIP_REQUIRE_VIRTUALENV=0 PIP_DRY_RUN=0 PIP_CONSTRAINT=/dev/null PIP_REQUIREMENT=/dev/null
