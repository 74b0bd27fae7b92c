# The gateway alone: docker build -t signalbox . && docker run -p 127.0.0.1:8080:8080 -v signalbox:/data signalbox
FROM node:20-bookworm-slim AS build
# better-sqlite3 is compiled where no prebuilt binary fits.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /signalbox
COPY package.json package-lock.json .npmrc ./
# Not npm ci: it refuses a lock file that leaves out optional packages of other platforms.
RUN npm install --no-save
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
COPY plugins plugins
COPY test test
RUN node scripts/build.mjs && rm -rf dist/test dist/.built dist/.tsbuildinfo && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production SIGNALBOX_DATA=/data SIGNALBOX_HTTP=0.0.0.0:8080 SIGNALBOX_SMPP=0.0.0.0:2775 SIGNALBOX_SIP=/signalbox/sip-profiles
WORKDIR /signalbox
COPY --from=build /signalbox/package.json ./
COPY --from=build /signalbox/node_modules node_modules
COPY --from=build /signalbox/dist dist
COPY bin bin
COPY LICENSE ./
COPY sip-profiles sip-profiles
# What is published of a container is said by its ports; mount a directory of your own over it to change profiles.
RUN sed -i 's/: 127\.0\.0\.1:50/: 0.0.0.0:50/' sip-profiles/*.yaml
RUN mkdir /data && chown node:node /data && ln -s /signalbox/bin/signalbox.mjs /usr/local/bin/signalbox
USER node
VOLUME /data
EXPOSE 8080 2775 5060/udp 5060/tcp 5080/udp 5080/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD node -e "fetch('http://127.0.0.1:8080/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "--single-threaded-gc", "--max-semi-space-size=32", "--no-allocation-site-pretenuring", "--enable-source-maps", "dist/src/main.js", "start"]
