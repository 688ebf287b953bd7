# One image for every service of docker-compose.yml: the doors, the worker, the one-shot migration, the command.
FROM python:3.13-slim

# A package index of one's own, where there is one: docker compose passes these on from its environment.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST

WORKDIR /opt/daguanjia
COPY requirements/image.txt requirements/image.txt
# complete and with hashes, so nothing is resolved here; binaries only, so no compiler is needed
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --no-deps --require-hashes --only-binary :all: -r requirements/image.txt

COPY . .
RUN python -m compileall -q . \
 && printf '#!/bin/sh\nexec env PYTHONPATH=/opt/daguanjia python -m daguanjia "$@"\n' > /usr/local/bin/daguanjia \
 && chmod 755 /usr/local/bin/daguanjia \
 && useradd --no-create-home --uid 10580 --home-dir /var/lib/daguanjia --shell /usr/sbin/nologin daguanjia \
 && install -d -m 750 -o daguanjia -g daguanjia /var/lib/daguanjia

USER daguanjia
ENV DAGUANJIA_HOME=/var/lib/daguanjia PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8
VOLUME /var/lib/daguanjia
CMD ["daguanjia", "--help"]
