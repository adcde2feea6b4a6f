{{/* Values that are right one by one, but cannot work together: each would be a pod that does not start, or a setting without effect. */}}
{{- define "resource-service.check" -}}
{{- include "resource-service.checkTls" . }}
{{- include "resource-service.checkTokens" . }}
{{- if le (int64 .Values.terminationGracePeriodSeconds) (int64 .Values.settings.requests.shutdownSeconds) }}
{{- fail "terminationGracePeriodSeconds must be more than settings.requests.shutdownSeconds, or the pod is killed while it finishes its work" }}
{{- end }}
{{- if and (eq .Values.security.mode "None") (not .Values.security.allowUnauthenticatedNetwork) }}
{{- fail "security.mode is None, and security.allowUnauthenticatedNetwork is false: set a mode, or true to let everyone who reaches the pod do everything" }}
{{- end }}
{{- if and .Values.settings.limits.callsBurst (not .Values.settings.limits.callsPerSecond) }}
{{- fail "settings.limits.callsBurst needs settings.limits.callsPerSecond: without a rate nothing is limited" }}
{{- end }}
{{- with .Values.settings.retention }}
{{- if not (le (int64 .snapshotHours) (int64 .snapshotMinuteHours)) }}
{{- fail "settings.retention.snapshotMinuteHours must be at least settings.retention.snapshotHours: snapshots are thinned as they age" }}
{{- end }}
{{- if and .snapshotHourHours (not (le (int64 .snapshotMinuteHours) (int64 .snapshotHourHours))) }}
{{- fail "settings.retention.snapshotHourHours must be 0 or at least settings.retention.snapshotMinuteHours: snapshots are thinned as they age" }}
{{- end }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.settings.metrics.port) }}
{{- fail "serviceMonitor.enabled needs settings.metrics.port, such as 9464" }}
{{- end }}
{{- if and .Values.telemetry.otlp.headersFrom.secretName (not .Values.telemetry.otlp.endpoint) }}
{{- fail "telemetry.otlp.headersFrom needs telemetry.otlp.endpoint" }}
{{- end }}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
{{- fail "service.nodePort has no effect: service.type is ClusterIP" }}
{{- end }}
{{- if and .Values.service.loadBalancerSourceRanges (ne .Values.service.type "LoadBalancer") }}
{{- fail (printf "service.loadBalancerSourceRanges has no effect: service.type is %s" .Values.service.type) }}
{{- end }}
{{- end }}

{{- define "resource-service.checkTls" -}}
{{- $mode := .Values.security.mode }}
{{- $names := .Values.security.names }}
{{- if and .Values.certificate.enabled .Values.security.tls.secretName }}
{{- fail "certificate.enabled and security.tls.secretName exclude each other: the server has one certificate" }}
{{- end }}
{{- if and .Values.certificate.enabled (not .Values.certificate.issuerRef.name) }}
{{- fail "certificate.enabled needs certificate.issuerRef.name" }}
{{- end }}
{{- if contains "MutualTls" $mode }}
{{- if not (include "resource-service.tlsSecretName" .) }}
{{- fail (printf "security.mode is %s; it needs security.tls.secretName or certificate.enabled" $mode) }}
{{- end }}
{{- if not (concat $names.schedulers $names.agents $names.operators $names.viewers) }}
{{- fail (printf "security.mode is %s; it needs names in security.names: no certificate would name a caller" $mode) }}
{{- end }}
{{- else if or .Values.security.clientCa.secretName $names.schedulers $names.agents $names.operators $names.viewers }}
{{- fail (printf "security.clientCa and security.names have no effect: security.mode is %s, which takes no client certificates" $mode) }}
{{- end }}
{{- end }}

{{- define "resource-service.checkTokens" -}}
{{- $mode := .Values.security.mode }}
{{- $tokens := .Values.security.tokens }}
{{- $sources := compact (list $tokens.keysUrl $tokens.keysFrom.configMapName $tokens.keysFrom.secretName) }}
{{- if contains "Token" $mode }}
{{- if not (and $tokens.issuer $tokens.audience) }}
{{- fail (printf "security.mode is %s; it needs security.tokens.issuer and security.tokens.audience" $mode) }}
{{- end }}
{{- if ne (len $sources) 1 }}
{{- fail (printf "security.mode is %s; it needs one of security.tokens.keysUrl, keysFrom.configMapName and keysFrom.secretName" $mode) }}
{{- end }}
{{- if not (or (include "resource-service.tlsSecretName" .) $tokens.allowPlainText) }}
{{- fail (printf "security.mode is %s; it needs security.tls.secretName or certificate.enabled, or security.tokens.allowPlainText behind a mesh that ends TLS" $mode) }}
{{- end }}
{{- else if or $tokens.issuer $sources }}
{{- fail (printf "security.tokens has no effect: security.mode is %s, which takes no tokens" $mode) }}
{{- end }}
{{- end }}
