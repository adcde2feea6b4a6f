{{/* Values that are right one by one, but cannot work together: each would be a pod that does not start, or a setting without effect. */}}
{{- define "resource-service.check" -}}
{{- include "resource-service.checkTls" . }}
{{- include "resource-service.checkTokens" . }}
{{- include "resource-service.checkNames" . }}
{{- include "resource-service.checkMonitoring" . }}
{{- include "resource-service.checkWaysIn" . }}
{{- include "resource-service.checkBackup" . }}
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
{{- end }}

{{/* What the cluster would refuse as a name, or find twice among labels. */}}
{{- define "resource-service.checkNames" -}}
{{- $name := include "resource-service.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- fail (printf "the objects would be named %s; the name, of the release, nameOverride and fullnameOverride, must be small letters, digits and dashes, with a letter first" $name) }}
{{- end }}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart" }}
{{- if or (hasKey $.Values.commonLabels $label) (hasKey $.Values.podLabels $label) }}
{{- fail (printf "commonLabels and podLabels cannot have %s: it is the chart's own" $label) }}
{{- end }}
{{- end }}
{{- if and (hasKey .Values "replicas") (eq (include "resource-service.replicaCount" .) "1") (not .Values.replicaCount) }}
{{- fail "replicas is the old name of replicaCount, and the two differ: leave replicas away (--set replicas=null)" }}
{{- end }}
{{- end }}

{{- define "resource-service.checkMonitoring" -}}
{{- $port := .Values.settings.metrics.port | int64 }}
{{- if or (eq $port 5080) (eq $port 5081) }}
{{- fail (printf "settings.metrics.port is %s, which the pod has for %s: take another, such as 9464" (toString $port) (ternary "callers" "probes" (eq $port 5080))) }}
{{- end }}
{{- if and (or .Values.serviceMonitor.enabled .Values.podMonitor.enabled) (not $port) }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled need settings.metrics.port, such as 9464" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled exclude each other: everything would be counted twice" }}
{{- end }}
{{- if .Values.prometheusRule.enabled }}
{{- if not (or .Values.serviceMonitor.enabled .Values.podMonitor.enabled .Values.prometheusRule.selector) }}
{{- fail "prometheusRule.enabled needs serviceMonitor.enabled or podMonitor.enabled, or prometheusRule.selector with the labels of your own monitor's series" }}
{{- end }}
{{- $alerts := include "resource-service.alerts" . }}
{{- range .Values.prometheusRule.disabledAlerts }}
{{- if not (contains (printf "alert: %s\n" .) $alerts) }}
{{- fail (printf "prometheusRule.disabledAlerts has %s, which is no alert of this release (README.md lists them)" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.telemetry.otlp }}
{{- if and (or .headersFrom.secretName .ca.configMapName .ca.secretName .sampler .resourceAttributes) (not .endpoint) }}
{{- fail "telemetry.otlp.headersFrom, ca, sampler and resourceAttributes have no effect without telemetry.otlp.endpoint" }}
{{- end }}
{{- if and (or .ca.configMapName .ca.secretName) (not (hasPrefix "https://" .endpoint)) }}
{{- fail (printf "telemetry.otlp.ca has no effect: telemetry.otlp.endpoint is %s, not https" .endpoint) }}
{{- end }}
{{- if and .ca.configMapName .ca.secretName }}
{{- fail "telemetry.otlp.ca.configMapName and telemetry.otlp.ca.secretName exclude each other" }}
{{- end }}
{{- if and .samplerArgument (not (contains "ratio" .sampler)) }}
{{- fail "telemetry.otlp.samplerArgument needs a sampler with a ratio: traceidratio or parentbased_traceidratio" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "resource-service.checkWaysIn" -}}
{{- $service := .Values.service }}
{{- if and $service.nodePort (eq $service.type "ClusterIP") }}
{{- fail "service.nodePort has no effect: service.type is ClusterIP" }}
{{- end }}
{{- if and $service.externalTrafficPolicy (eq $service.type "ClusterIP") }}
{{- fail "service.externalTrafficPolicy has no effect: service.type is ClusterIP" }}
{{- end }}
{{- if and (or $service.loadBalancerSourceRanges $service.loadBalancerClass) (ne $service.type "LoadBalancer") }}
{{- fail (printf "service.loadBalancerSourceRanges and service.loadBalancerClass have no effect: service.type is %s" $service.type) }}
{{- end }}
{{- if and (eq $service.clusterIP "None") (ne $service.type "ClusterIP") }}
{{- fail (printf "service.clusterIP None needs service.type ClusterIP: it is %s" $service.type) }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.enabled needs ingress.hosts" }}
{{- end }}
{{- if and .Values.grpcRoute.enabled (not .Values.grpcRoute.parentRefs) }}
{{- fail "grpcRoute.enabled needs grpcRoute.parentRefs: the Gateway that it belongs to" }}
{{- end }}
{{- if .Values.tlsRoute.enabled }}
{{- if not (and .Values.tlsRoute.parentRefs .Values.tlsRoute.hostnames) }}
{{- fail "tlsRoute.enabled needs tlsRoute.parentRefs and tlsRoute.hostnames: the Gateway that it belongs to, and the names that callers ask it for" }}
{{- end }}
{{- if not (include "resource-service.tlsSecretName" .) }}
{{- fail "tlsRoute.enabled needs security.tls.secretName or certificate.enabled: the Gateway hands TLS on as it is" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "resource-service.checkBackup" -}}
{{- if .Values.backup.enabled }}
{{- if not .Values.persistence.enabled }}
{{- fail "backup.enabled needs persistence.enabled: no other pod can mount an emptyDir" }}
{{- end }}
{{- if and (has "ReadWriteOncePod" .Values.persistence.accessModes) (not .Values.persistence.existingClaim) }}
{{- fail "backup.enabled needs a volume that two pods of a host can mount; persistence.accessModes has ReadWriteOncePod: take ReadWriteOnce, or snapshots (README.md)" }}
{{- end }}
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
