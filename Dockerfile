FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE* ./
COPY advisor advisor
COPY search_spaces search_spaces
COPY studies studies
COPY reports reports
RUN pip install --no-cache-dir --constraint constraints.txt \
        --extra-index-url https://download.pytorch.org/whl/cpu '.[postgres]' \
    && useradd --create-home --home-dir /home/advisor advisor \
    && mkdir -p /srv/data /srv/runs && chown advisor /srv/runs
USER advisor
WORKDIR /srv
EXPOSE 8765
HEALTHCHECK CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/healthz', timeout=3)"
ENTRYPOINT ["advisor"]
CMD ["serve", "--host", "0.0.0.0"]
