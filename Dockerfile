# Two images from one file: `serve` (the default) and `train`.
#   docker build -t kakite .
#   docker build -t kakite-train --target train .
# TORCH_INDEX: where torch comes from. PyTorch's own index has a small CPU build; empty takes the package index's, with CUDA.

FROM python:3.13-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/venv/bin:$PATH
WORKDIR /build
COPY pyproject.toml constraints.txt ./
COPY deploy/requirements.py ./deploy/
RUN python -m venv /venv \
    && python deploy/requirements.py > serve.txt \
    && python deploy/requirements.py training > train.txt \
    && grep '^torch==' constraints.txt > torch.txt \
    && pip install --no-deps --retries 1 ${TORCH_INDEX:+--extra-index-url $TORCH_INDEX} --requirement torch.txt \
    && pip install --constraint constraints.txt --requirement serve.txt

FROM build AS build-train
RUN pip install --constraint constraints.txt --requirement train.txt

FROM python:3.13-slim AS base
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --create-home kakite
WORKDIR /kakite
COPY models ./models

FROM base AS train
COPY --from=build-train /venv /venv
COPY training ./training
RUN mkdir /runs /data && chown kakite /runs /data
USER 10001
ENV KAKITE_DATA=/data
VOLUME ["/runs", "/data"]
ENTRYPOINT ["python", "-m", "training"]
CMD ["list"]

FROM base AS serve
COPY --from=build /venv /venv
COPY app ./app
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:8000/livez').raise_for_status()"]
CMD ["python", "-m", "app", "--host", "0.0.0.0", "--port", "8000"]
