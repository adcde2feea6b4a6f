{{/* The alerts, each with a section in README.md that says what to do. Of a release's own series alone: releases do not report each other. */}}
{{- define "resource-service.alerts" -}}
{{- $series := include "resource-service.series" . }}
{{- $limits := .Values.prometheusRule.limits }}
- alert: ResourceServiceDown
  severity: critical
  for: 5m
  expr: absent(up{ {{- $series -}} } == 1)
  summary: ResourceService is not there
  description: No metrics of it were read for 5 minutes. Nobody can claim, and leases go on.

- alert: ResourceServiceStoreUnavailable
  severity: critical
  for: 1m
  expr: min by (namespace, job) (resource_service_store_available{ {{- $series -}} }) == 0
  summary: ResourceService takes no changes
  description: Its store is lost or nearly full. Reads go on; claims, moves and reports get UNAVAILABLE.

- alert: ResourceServiceStoreFailures
  severity: warning
  for: 5m
  expr: sum by (namespace, job) (increase(resource_service_store_failures_total{ {{- $series -}} }[15m])) > 0
  summary: Commits of ResourceService fail
  description: '{{ "{{" }} $value | humanize }} commits or reconnections of the store failed in 15 minutes.'

- alert: ResourceServiceCommitsSlow
  severity: warning
  for: 10m
  expr: histogram_quantile(0.99, sum by (namespace, job, le) (rate(resource_service_commit_duration_seconds_bucket{ {{- $series -}} }[5m]))) > {{ $limits.commitSeconds }}
  summary: Commits of ResourceService are slow
  description: 'The 99th percentile of a commit is {{ "{{" }} $value | humanizeDuration }}, more than {{ $limits.commitSeconds }} s: every change waits for its commit.'

- alert: ResourceServiceCallsFail
  severity: warning
  for: 10m
  expr: 100 * sum by (namespace, job) (rate(resource_service_rpc_duration_seconds_count{ {{- $series -}} , code=~"unavailable|internal|unknown|data_loss"}[5m])) / sum by (namespace, job) (rate(resource_service_rpc_duration_seconds_count{ {{- $series -}} }[5m])) > {{ $limits.failedCallsPercent }}
  summary: Calls to ResourceService fail
  description: '{{ "{{" }} $value | humanize }} % of its calls end with UNAVAILABLE, INTERNAL, UNKNOWN or DATA_LOSS.'

- alert: ResourceServiceCapacityNearlyUsed
  severity: warning
  for: 30m
  expr: 100 * sum by (namespace, job, class) (resource_service_used{ {{- $series -}} }) / sum by (namespace, job, class) (resource_service_capacity{ {{- $series -}} } > 0) > {{ $limits.usedPercent }}
  summary: The fleet is nearly out of {{ "{{" }} $labels.class }}
  description: 'Claims hold {{ "{{" }} $value | humanize }} % of what all nodes can promise of {{ "{{" }} $labels.class }}.'

- alert: ResourceServiceNodesNearlyMax
  severity: warning
  for: 30m
  expr: 100 * sum by (namespace, job) (resource_service_nodes{ {{- $series -}} }) / {{ .Values.settings.nodes.nodesMax | int64 }} > 90
  summary: ResourceService has nearly as many nodes as it takes
  description: '{{ "{{" }} $value | humanize }} % of settings.nodes.nodesMax ({{ .Values.settings.nodes.nodesMax | int64 }}) are registered; further ones are refused.'

- alert: ResourceServiceStaleMigrations
  severity: warning
  for: 30m
  expr: max by (namespace, job) (resource_service_stale_migrations{ {{- $series -}} }) > 0
  summary: Moves of instances do not go on
  description: '{{ "{{" }} $value | humanize }} moves have made no progress for {{ .Values.settings.audits.staleMigrationMinutes | int64 }} minutes. Both of their nodes are held.'

- alert: ResourceServiceOverdueAudits
  severity: warning
  for: 30m
  expr: max by (namespace, job) (resource_service_overdue_audits{ {{- $series -}} }) > 0
  summary: Nodes are not audited
  description: '{{ "{{" }} $value | humanize }} nodes were not audited for longer than settings.audits.overdueMinutes.'

- alert: ResourceServiceOverCapacity
  severity: warning
  for: 0m
  expr: sum by (namespace, job) (increase(resource_service_drifts_total{ {{- $series -}} , kind="over_capacity"}[1h])) > 0
  summary: Nodes hold more than they have
  description: '{{ "{{" }} $value | humanize }} times in an hour an audit found a node with more claimed than its capacity.'

- alert: ResourceServiceUsageDifferences
  severity: warning
  for: 0m
  expr: max by (namespace, job) (resource_service_usage_differences{ {{- $series -}} }) > 0
  summary: The store of ResourceService had wrong sums
  description: '{{ "{{" }} $value | humanize }} nodes had another sum recorded than their claims add up to when the service started. The claims count.'

- alert: ResourceServiceBackgroundFailures
  severity: warning
  for: 5m
  expr: sum by (namespace, job, task) (increase(resource_service_background_failures_total{ {{- $series -}} }[15m])) > 0
  summary: What ResourceService does by itself fails
  description: '{{ "{{" }} $labels.task }} failed {{ "{{" }} $value | humanize }} times in 15 minutes. It is tried again.'

- alert: ResourceServiceMissedLeases
  severity: warning
  for: 0m
  expr: sum by (namespace, job) (increase(resource_service_missed_leases_total{ {{- $series -}} }[1h])) > 0
  summary: Leases end late
  description: '{{ "{{" }} $value | humanize }} leases in an hour were ended by the sweep instead of the clock.'

{{- if .Values.backup.enabled }}

- alert: ResourceServiceBackupOverdue
  severity: warning
  for: 10m
  expr: (time() - max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{namespace="{{ include "resource-service.namespace" . }}", cronjob="{{ include "resource-service.backupName" . }}"})) / 3600 > {{ $limits.backupHours }}
  summary: The ledger of ResourceService is not backed up
  description: 'The last backup that succeeded is {{ "{{" }} $value | humanize }} hours old.'
{{- end }}
{{- end }}
