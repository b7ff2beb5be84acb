# The API and the worker are the same image; docker-compose.yml says which of the two a container is.
# `npm run` has a pre-step that installs what is missing; here each stage has installed just what it needs.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node_modules/.bin/tsc -p tsconfig.build.json && node_modules/.bin/vite build -c src/dashboard/vite.config.ts

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# In a container, the address that others reach it at.
ENV HOST=0.0.0.0
EXPOSE 4000
USER node
ENTRYPOINT ["node", "dist/cli/bin.js"]
CMD ["server"]
