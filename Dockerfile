# The build has everything, the image only what runs. RUN uses relative paths, so that `.ci/docker-walk.mjs` can walk
# these steps where there is no engine.
FROM node:24-slim AS build
WORKDIR /app
# Packages change less often than code: a layer of their own. `prepare` would build, and there is nothing yet to build.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && npm rebuild
COPY tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY src src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts
RUN mkdir data

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 INGLE_DATA_DIR=/data
WORKDIR /app
COPY LICENSE ./
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/build/r4.json /app/build/library.archive build/
COPY profiles profiles
COPY terminology terminology
COPY --from=build /app/dist dist
# The only place that is written to; the root file system may be read-only.
COPY --from=build --chown=node:node /app/data /data
VOLUME /data
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/main.js"]
