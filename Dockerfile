# The image of the service: Node, the packages that the service runs on, and its source, which Node runs as it is.
# A base of your own, such as a mirror's: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
# The volume may be anybody's, whichever user the container runs as; the folder in it is made by the service, for its
# user alone, also where the volume is a folder of the host or was given other permissions by Kubernetes.
RUN mkdir -p /root-of-image/data && chmod 1777 /root-of-image/data
WORKDIR /app
COPY package.json package-lock.json ./
# The clients of the brokers are optional dependencies, so they come along. No package needs its install script.
# Behind a registry or a proxy of your own: --secret id=npmrc,src=… --secret id=ca,src=… (the npmrc may say
# cafile=/run/secrets/ca). Secrets are mounted for this one step and are in no layer.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# What the service compiles at its first start is in the image, for processors like the one that built it: it starts in
# half of the time, and takes less memory. By the same user, because the cache is one user's.
COPY src ./src
RUN install -d -o 1000 -g 1000 .compiled
USER 1000:1000
RUN NODE_COMPILE_CACHE=/app/.compiled node src/main.js demo --once >/dev/null

# Nothing is run in this stage, so that its layers hold what is copied and nothing else.
FROM ${NODE_IMAGE}
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/.compiled ./.compiled
COPY --from=build --chown=1000:1000 /root-of-image/ /
COPY package.json LICENSE ./
COPY docker/healthcheck.js ./docker/
COPY src ./src

VOLUME /data
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.compiled \
    DATA_DIR=/data/receiver
# The base's user `node`, by number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/docker/healthcheck.js"]
# Node is process 1 itself and takes the signals. Another command of the program: docker run IMAGE status
ENTRYPOINT ["node", "/app/src/main.js"]
CMD ["serve"]

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="jelou-receiver" \
      org.opencontainers.image.description="Receives the webhook events of Jelou's external support panel, verifies them and puts them safely on a queue." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
