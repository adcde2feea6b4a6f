{{/* The chart's name, at most a label's length. */}}
{{- define "resource-service.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The objects' name. At most 52 characters: a StatefulSet's pods carry it, a dash and a hash of 10 in a label. */}}
{{- define "resource-service.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels that never change: selectors and volume claims cannot be altered later. */}}
{{- define "resource-service.selectorLabels" -}}
app.kubernetes.io/name: {{ include "resource-service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The namespace of every object. */}}
{{- define "resource-service.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* The chart's own labels of every object of the service. */}}
{{- define "resource-service.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "resource-service.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The chart's own labels of pods beside the service's: the Service would send calls to those with its own. (dict "root" $ "suffix" "-test") */}}
{{- define "resource-service.labelsBeside" -}}
app.kubernetes.io/name: {{ printf "%s%s" (include "resource-service.name" .root | trunc 56 | trimSuffix "-") .suffix }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* Labels that the user gives, for an object that has some of its own; those win. (dict "root" $ "own" .Values.podLabels) */}}
{{- define "resource-service.userLabels" -}}
{{- with merge (dict) .own .root.Values.commonLabels }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Annotations that the user gives, for an object that has some of its own; those win. (dict "root" $ "own" .Values.annotations) */}}
{{- define "resource-service.annotations" -}}
{{- with merge (dict) .own .root.Values.commonAnnotations }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* An object's metadata but for its name. (dict "root" $ "namespace" "" "labels" (dict) "annotations" (dict)) */}}
{{- define "resource-service.metadata" -}}
namespace: {{ default (include "resource-service.namespace" .root) .namespace }}
labels:
  {{- include "resource-service.labels" .root | nindent 2 }}
  {{- with include "resource-service.userLabels" (dict "root" .root "own" .labels) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- with include "resource-service.annotations" (dict "root" .root "own" .annotations) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The name of the parts of a backup. A CronJob's is at most 52 characters. */}}
{{- define "resource-service.backupName" -}}
{{- printf "%s-backup" (include "resource-service.fullname" . | trunc 45 | trimSuffix "-") }}
{{- end }}

{{/* How many pods run, also by the value's old name. */}}
{{- define "resource-service.replicaCount" -}}
{{- if hasKey .Values "replicas" }}
{{- .Values.replicas }}
{{- else }}
{{- .Values.replicaCount }}
{{- end }}
{{- end }}

{{/* The service account's name. */}}
{{- define "resource-service.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "resource-service.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* An image, by digest or by tag. (dict "root" $ "image" .Values.image "tag" "what the tag is by default") */}}
{{- define "resource-service.imageOf" -}}
{{- $registry := default .image.registry .root.Values.global.imageRegistry }}
{{- $repository := ternary .image.repository (printf "%s/%s" $registry .image.repository) (eq $registry "") }}
{{- if .image.digest }}
{{- printf "%s@%s" $repository .image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .tag .image.tag) }}
{{- end }}
{{- end }}

{{/* The service's image. */}}
{{- define "resource-service.image" -}}
{{- include "resource-service.imageOf" (dict "root" . "image" .Values.image "tag" .Chart.AppVersion) }}
{{- end }}

{{/* Which series the alerts look at: those that the chart's own monitor brings, unless the values say otherwise. */}}
{{- define "resource-service.series" -}}
{{- $namespace := include "resource-service.namespace" . }}
{{- $name := include "resource-service.fullname" . }}
{{- $job := ternary (printf "%s/%s" (default $namespace .Values.podMonitor.namespace) $name) (printf "%s-headless" $name) .Values.podMonitor.enabled }}
{{- default (printf `namespace="%s", job="%s"` $namespace $job) .Values.prometheusRule.selector }}
{{- end }}

{{/* The Secret with the server's certificate; empty without TLS. */}}
{{- define "resource-service.tlsSecretName" -}}
{{- if .Values.certificate.enabled }}
{{- printf "%s-tls" (include "resource-service.fullname" .) }}
{{- else }}
{{- .Values.security.tls.secretName }}
{{- end }}
{{- end }}

{{/* What meshes and gateways are told about the port. */}}
{{- define "resource-service.appProtocol" -}}
{{- $ownName := ternary "https" "kubernetes.io/h2c" (ne (include "resource-service.tlsSecretName" .) "") }}
{{- default $ownName .Values.service.appProtocol }}
{{- end }}

{{/* The port that an address is at. */}}
{{- define "resource-service.portOf" -}}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- default (ternary "443" "80" (eq $url.scheme "https")) $port }}
{{- end }}

{{/* The names of the user's own environment variables. */}}
{{- define "resource-service.extraEnvNames" -}}
{{- range .Values.extraEnv }}{{ .name }};{{- end }}
{{- end }}

{{/* What telemetry says of where it comes from; Kubernetes puts the variables' values in. */}}
{{- define "resource-service.resourceAttributes" -}}
{{- join "," (list
      "k8s.namespace.name=$(K8S_NAMESPACE_NAME)"
      "k8s.pod.name=$(K8S_POD_NAME)"
      "k8s.pod.uid=$(K8S_POD_UID)"
      "k8s.node.name=$(K8S_NODE_NAME)"
      "k8s.container.name=resource-service"
      "service.instance.id=$(K8S_NAMESPACE_NAME).$(K8S_POD_NAME).resource-service") }}
{{- range $name, $value := .Values.telemetry.otlp.resourceAttributes }},{{ $name }}={{ $value }}{{- end }}
{{- end }}

{{/* How a monitor of the Prometheus operator reads the page; takes the monitor's values. */}}
{{- define "resource-service.scrape" -}}
interval: {{ .interval | quote }}
scrapeTimeout: {{ .scrapeTimeout | quote }}
{{- if .honorLabels }}
honorLabels: true
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The container that makes a copy of the ledger. */}}
{{- define "resource-service.backupContainer" -}}
- name: backup
  image: {{ include "resource-service.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args:
    - backup
    - --to-folder=/backup
    - --keep={{ .Values.backup.keep | int64 }}
    - --Storage:DataDirectory=/data
  env:
    # Whatever is written on the way takes no room of the ledger.
    - name: TMPDIR
      value: /backup
  securityContext:
    {{- toYaml .Values.securityContext | nindent 4 }}
  resources:
    {{- toYaml .Values.backup.resources | nindent 4 }}
  volumeMounts:
    - name: data
      mountPath: /data
    - name: backup
      mountPath: /backup
{{- end }}
