# One image for the service and for Rasa: a thin wrapper round the make targets.
#   docker build -t tip12350 .
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git make python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/tip12350
COPY . .
# No embedded MongoDB and no test tools in the image; the model is trained into it.
ENV UV_NO_DEFAULT_GROUPS=1 UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1
RUN make setup train
RUN useradd --system --home /srv/tip12350 tip12350 && mkdir -p /data && chown tip12350 /data
USER tip12350
ENV TIP_DATA_DIR=/data TIP_HOST=0.0.0.0
EXPOSE 8350
CMD [".venv/bin/python", "-m", "app"]
