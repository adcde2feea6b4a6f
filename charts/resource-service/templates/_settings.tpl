{{/* The server's settings, as environment variables. */}}
{{- define "resource-service.settings" -}}
{{- $tls := include "resource-service.tlsSecretName" . }}
# Every address of the pod, of whichever family the cluster has.
Urls: {{ printf "%s://*:5080" (ternary "https" "http" (ne $tls "")) | quote }}
# The cluster's probes speak no TLS and carry no token.
Health__Port: "5081"
Metrics__Port: {{ .Values.settings.metrics.port | int64 | quote }}
# What changes without a restart is in a file; everything here is read once.
SettingsFile: /settings/settings.json
Logging__Console__FormatterName: {{ .Values.settings.logFormat | quote }}
Storage__DataDirectory: /data
{{- with .Values.settings.storage }}
Storage__DatabaseSizeMaxMb: {{ .databaseSizeMaxMb | int64 | quote }}
Storage__ReserveMb: {{ .reserveMb | int64 | quote }}
Storage__IntegrityCheck: {{ .integrityCheck | quote }}
Storage__CacheMb: {{ .cacheMb | int64 | quote }}
Storage__CheckpointPages: {{ .checkpointPages | int64 | quote }}
{{- end }}
{{- with .Values.settings.commit }}
Commit__BatchMax: {{ .batchMax | int64 | quote }}
Commit__RetryDelayMs: {{ .retryDelayMs | int64 | quote }}
{{- end }}
{{- with .Values.settings.nodes }}
Nodes__QueueDepthMax: {{ .queueDepthMax | int64 | quote }}
Nodes__InFlightMax: {{ .inFlightMax | int64 | quote }}
Nodes__NodesMax: {{ .nodesMax | int64 | quote }}
Nodes__SnapshotIntervalSeconds: {{ .snapshotIntervalSeconds | int64 | quote }}
{{- end }}
{{- with .Values.settings.requests }}
Requests__RememberedMax: {{ .rememberedMax | int64 | quote }}
Requests__RememberedMinutes: {{ .rememberedMinutes | int64 | quote }}
Requests__MessageBytesMax: {{ .messageBytesMax | int64 | quote }}
Requests__StreamInFlightMax: {{ .streamInFlightMax | int64 | quote }}
Requests__StreamsPerConnectionMax: {{ .streamsPerConnectionMax | int64 | quote }}
Requests__ShutdownSeconds: {{ .shutdownSeconds | int64 | quote }}
Requests__WatchStallSeconds: {{ .watchStallSeconds | int64 | quote }}
Requests__AnswerStallSeconds: {{ .answerStallSeconds | int64 | quote }}
{{- end }}
{{- with .Values.settings.audits }}
Audits__StaleMigrationMinutes: {{ .staleMigrationMinutes | int64 | quote }}
Audits__OverdueMinutes: {{ .overdueMinutes | int64 | quote }}
Audits__SweepIntervalSeconds: {{ .sweepIntervalSeconds | int64 | quote }}
Audits__SweptNodesMax: {{ .sweptNodesMax | int64 | quote }}
Audits__UnconfirmedOrphansMax: {{ .unconfirmedOrphansMax | int64 | quote }}
Audits__UnconfirmedOrphanPercent: {{ .unconfirmedOrphanPercent | int64 | quote }}
{{- end }}
{{- with .Values.settings.limits }}
Limits__CallsPerSecond: {{ .callsPerSecond | int64 | quote }}
Limits__CallsBurst: {{ .callsBurst | int64 | quote }}
Limits__CallsInFlightMax: {{ .callsInFlightMax | int64 | quote }}
Limits__ConnectionsMax: {{ .connectionsMax | int64 | quote }}
Limits__ConnectionsPerAddressMax: {{ .connectionsPerAddressMax | int64 | quote }}
Limits__UnreadAnswersMaxMb: {{ .unreadAnswersMaxMb | int64 | quote }}
Limits__HealthWatchesMax: {{ .healthWatchesMax | int64 | quote }}
{{- end }}
{{- with .Values.settings.retention }}
Retention__EventHours: {{ .eventHours | int64 | quote }}
Retention__EndedClaimHours: {{ .endedClaimHours | int64 | quote }}
Retention__SnapshotHours: {{ .snapshotHours | int64 | quote }}
Retention__SnapshotMinuteHours: {{ .snapshotMinuteHours | int64 | quote }}
Retention__SnapshotHourHours: {{ .snapshotHourHours | int64 | quote }}
Retention__RefusalHours: {{ .refusalHours | int64 | quote }}
Retention__RefusalsMax: {{ .refusalsMax | int64 | quote }}
Retention__StepRows: {{ .stepRows | int64 | quote }}
Retention__IntervalSeconds: {{ .intervalSeconds | int64 | quote }}
{{- end }}
{{- with .Values.security }}
Security__Mode: {{ .mode | quote }}
# The image allows it; here the values decide.
Security__AllowUnauthenticatedNetwork: {{ and (eq .mode "None") .allowUnauthenticatedNetwork | quote }}
Security__ReloadSeconds: {{ .reloadSeconds | int64 | quote }}
{{- if $tls }}
Security__CertificateFile: /tls/tls.crt
Security__CertificateKeyFile: /tls/tls.key
{{- end }}
{{- if contains "MutualTls" .mode }}
Security__ClientCaFile: /client-ca/ca.crt
Security__SchedulerNames: {{ join "; " .names.schedulers | quote }}
Security__AgentNames: {{ join "; " .names.agents | quote }}
Security__OperatorNames: {{ join "; " .names.operators | quote }}
Security__ViewerNames: {{ join "; " .names.viewers | quote }}
{{- end }}
{{- if contains "Token" .mode }}
Security__TokenIssuer: {{ .tokens.issuer | quote }}
Security__TokenAudience: {{ .tokens.audience | quote }}
{{- if .tokens.keysUrl }}
Security__TokenKeysUrl: {{ .tokens.keysUrl | quote }}
Security__TokenKeysRefreshSeconds: {{ .tokens.keysRefreshSeconds | int64 | quote }}
{{- else }}
Security__TokenKeysFile: /token-keys/jwks.json
{{- end }}
Security__TokenNameClaim: {{ .tokens.nameClaim | quote }}
Security__TokenRoleClaim: {{ .tokens.roleClaim | quote }}
Security__TokenNodeClaim: {{ .tokens.nodeClaim | quote }}
Security__TokenSkewSeconds: {{ .tokens.skewSeconds | int64 | quote }}
Security__AllowPlainTextTokens: {{ .tokens.allowPlainText | quote }}
{{- end }}
{{- end }}
{{- with .Values.telemetry.otlp }}
{{- if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint | quote }}
OTEL_EXPORTER_OTLP_PROTOCOL: {{ .protocol | quote }}
{{- if or .ca.configMapName .ca.secretName }}
OTEL_EXPORTER_OTLP_CERTIFICATE: /otlp-ca/ca.crt
{{- end }}
{{- with .sampler }}
OTEL_TRACES_SAMPLER: {{ . | quote }}
{{- end }}
{{- with .samplerArgument }}
OTEL_TRACES_SAMPLER_ARG: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
