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

{{/* Labels of every object. */}}
{{- define "resource-service.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "resource-service.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The service account's name. */}}
{{- define "resource-service.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "resource-service.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The image, by digest or by tag. */}}
{{- define "resource-service.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
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
