# Two images from one file: `serve` (the default) and `train`.
#   docker build -t kakite:0.2.0 .
#   docker build -t kakite-train:0.2.0 --target train .
# TORCH_INDEX: where torch comes from. PyTorch's own index has a small CPU build; empty takes the package index's, with CUDA.
# What is installed is that of deploy/locks, file by file by its hash, and ready-made: no package's own code runs here. Only the CPU build
# of torch is known by its version alone: its files are others than the package index's, which cuda.txt names.

FROM python:3.13-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_DEPS=1 PIP_ONLY_BINARY=:all: PATH=/venv/bin:$PATH
WORKDIR /build
COPY constraints.txt deploy/locks/ ./
RUN python -m venv /venv \
    && if [ -n "$TORCH_INDEX" ]; then \
        grep '^torch==' constraints.txt > torch.txt \
        && pip install --retries 1 --extra-index-url "$TORCH_INDEX" --requirement torch.txt; \
    else \
        pip install --require-hashes --requirement cuda.txt; \
    fi \
    && pip install --require-hashes --requirement serve.txt \
    && { pip check || { pip install --require-hashes --requirement cuda.txt && pip check; } } # where PyTorch's index was out of reach

FROM build AS build-train
RUN pip install --require-hashes --requirement train.txt \
    && pip check

FROM python:3.13-slim AS base
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 kakite \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin kakite
WORKDIR /kakite
COPY models ./models

FROM base AS train
COPY --from=build-train /venv /venv
COPY training ./training
RUN mkdir /runs /data && chown kakite:kakite /runs /data
USER 10001:10001
ENV KAKITE_DATA=/data
VOLUME ["/runs", "/data"]
ENTRYPOINT ["python", "-m", "training"]
CMD ["list"]

FROM base AS serve
COPY --from=build /venv /venv
COPY app ./app
COPY LICENSE ./
RUN python -m compileall -q app models
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-m", "app.probe", "/livez"]
CMD ["python", "-m", "app", "--host", "0.0.0.0", "--port", "8000"]
