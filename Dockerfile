# Builds from the sources alone: docker build -t resource-service .

# By the tags of their release lines, so that a build gets the fixes of its day. A release that must come out the same again pins them by digest:
# docker build --build-arg SDK_IMAGE=mcr.microsoft.com/dotnet/sdk@sha256:... --build-arg RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet@sha256:... .
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

FROM ${SDK_IMAGE} AS build
WORKDIR /source
ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# What decides the packages, and nothing else: this layer is built again only when they change.
COPY global.json ./
COPY src/Directory.Build.props src/Directory.Packages.props src/
COPY src/ResourceService.Contracts/ResourceService.Contracts.csproj src/ResourceService.Contracts/packages.lock.json src/ResourceService.Contracts/
COPY src/ResourceService.Ledger/ResourceService.Ledger.csproj src/ResourceService.Ledger/packages.lock.json src/ResourceService.Ledger/
COPY src/ResourceService.Storage/ResourceService.Storage.csproj src/ResourceService.Storage/packages.lock.json src/ResourceService.Storage/
COPY src/ResourceService.Server/ResourceService.Server.csproj src/ResourceService.Server/packages.lock.json src/ResourceService.Server/
RUN dotnet restore src/ResourceService.Server/ResourceService.Server.csproj --locked-mode

COPY .editorconfig ./
COPY protos/ protos/
COPY src/ src/
# Portable, because the lock files name no platform; of the native libraries those of this image's kind of Linux stay.
RUN dotnet publish src/ResourceService.Server/ResourceService.Server.csproj \
      --no-restore --configuration Release --output /app \
      -p:UseAppHost=false -p:DebugType=none -p:PublishDocumentationFiles=false \
    && find /app/runtimes -mindepth 1 -maxdepth 1 ! -name 'linux-x64' ! -name 'linux-arm64' -exec rm -r {} + \
    && mkdir /data

# No shell, no package manager.
FROM ${RUNTIME_IMAGE}
ARG RUNTIME_IMAGE
# Named by who builds a release: docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) ...
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ResourceService" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${RUNTIME_IMAGE}" \
      org.opencontainers.image.description="Admits claims of compute resources by instances on nodes, durably and never over capacity (gRPC)"
WORKDIR /app
COPY --from=build /app ./
# The only path that the service writes to; everything else may be mounted read-only.
COPY --from=build --chown=1654:1654 /data /data
VOLUME ["/data"]
# SQLite's temporary files go where writing is allowed; the runtime's diagnostics would need a socket in /tmp.
# A container's network is its own until a port is published: who publishes it sets Security__Mode (src/ResourceService.Server/README.md, "Security").
ENV Urls=http://0.0.0.0:5080 \
    Security__AllowUnauthenticatedNetwork=true \
    Storage__DataDirectory=/data \
    TMPDIR=/data \
    DOTNET_EnableDiagnostics=0
EXPOSE 5080
# Whether changes can be taken, by the settings that the service has; Kubernetes has probes of its own and passes over this. Half a minute apart,
# because each starts a program; a large ledger may be read for minutes before anything answers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=300s --retries=3 CMD ["dotnet", "ResourceService.Server.dll", "health"]
# The image's "app" user, by number, so that a cluster can see that it is not root.
USER 1654
ENTRYPOINT ["dotnet", "ResourceService.Server.dll"]
