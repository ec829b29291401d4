# The assistant with the clients of PostgreSQL, Redis and Valkey: one image for every role.
#   docker build --tag personal-assistant .
#   docker run --init --volume assistant:/var/lib/personal-assistant personal-assistant
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/personal-assistant
WORKDIR /build
# The dependencies by themselves: they change seldom, so this layer is built seldom.
COPY requirements/server.txt requirements/
RUN /opt/personal-assistant/bin/python -m pip install --require-hashes --only-binary :all: --requirement requirements/server.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
# The build tool comes from the lock as well, so this fetches nothing. Nothing is installed or built at run time.
RUN /opt/personal-assistant/bin/python -m pip install --no-deps --no-build-isolation . \
    && /opt/personal-assistant/bin/python -m pip uninstall --yes flit_core pip setuptools


FROM python:3.11-slim-bookworm

RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/personal-assistant \
        --shell /usr/sbin/nologin assistant \
    && install --directory --owner=assistant --group=assistant --mode=0700 /var/lib/personal-assistant
COPY --from=build /opt/personal-assistant /opt/personal-assistant
# The log is for `docker logs`, and nothing but the data folder and /tmp is written to.
ENV PATH=/opt/personal-assistant/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ASSISTANT_DATA_DIR=/var/lib/personal-assistant
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/personal-assistant
VOLUME ["/var/lib/personal-assistant"]
STOPSIGNAL SIGTERM
# Asks the ledger about the processes of this container, whose name is the host name: their leases, and when a
# message last came through the broker. It costs a second of computing.
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 \
    CMD ["sh", "-c", "exec assistant status --worker $(hostname)"]
ENTRYPOINT ["assistant"]
CMD ["up"]
