{{/* The alerts, each with a section in README.md that says what to do. Of a release's own series alone: releases do not report each other. */}}
{{- define "resource-service.alerts" -}}
{{- $series := include "resource-service.series" . }}
{{- $limits := .Values.prometheusRule.limits }}
- alert: ResourceServiceDown
  severity: critical
  for: 5m
  expr: max by (namespace, job) (up{ {{- $series -}} }) == 0 or absent(up{ {{- $series -}} })
  summary: ResourceService is not there
  description: No metrics of it were read for 5 minutes. Nobody can claim, and leases go on.

- alert: ResourceServiceStoreUnavailable
  severity: critical
  for: 1m
  expr: min by (namespace, job) (resource_service_store_available{ {{- $series -}} }) == 0
  summary: ResourceService takes no changes
  description: Its store is lost or nearly full. Reads go on; claims, moves and reports get UNAVAILABLE.

- alert: ResourceServiceStoreNearlyFull
  severity: critical
  for: 0m
  expr: sum by (namespace, job) (increase(resource_service_claims_total{ {{- $series -}} , reason="STORE_NEARLY_FULL"}[5m])) > 0
  summary: ResourceService has no room for claims
  description: 'About {{ "{{" }} printf "%.0f" $value }} claims in 5 minutes were refused because the store is nearly full. What frees something is still taken.'

- alert: ResourceServiceVolumeNearlyFull
  severity: warning
  for: 5m
  expr: 100 * (1 - min by (namespace, job) (resource_service_volume_free_bytes{ {{- $series -}} }) / min by (namespace, job) (resource_service_volume_size_bytes{ {{- $series -}} })) > {{ $limits.volumePercent }}
  summary: The volume of ResourceService is nearly full
  description: '{{ "{{" }} printf "%.1f" $value }} % of the volume are taken, the reserve for what frees something among it.'
{{- with .Values.settings.storage.databaseSizeMaxMb }}

- alert: ResourceServiceDatabaseNearlyMax
  severity: warning
  for: 5m
  expr: 100 * max by (namespace, job) (resource_service_database_size_bytes{ {{- $series -}} }) / 1048576 / {{ . | int64 }} > {{ $limits.volumePercent }}
  summary: The database of ResourceService nearly is as large as it may be
  description: '{{ "{{" }} printf "%.1f" $value }} % of settings.storage.databaseSizeMaxMb ({{ . | int64 }}) are taken.'
{{- end }}

- alert: ResourceServiceStoreFailures
  severity: warning
  for: 5m
  expr: sum by (namespace, job) (increase(resource_service_store_failures_total{ {{- $series -}} }[15m])) > 0
  summary: Commits of ResourceService fail
  description: '{{ "{{" }} printf "%.0f" $value }} commits or reconnections of the store failed in 15 minutes.'

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
  description: '{{ "{{" }} printf "%.1f" $value }} % of its calls end with UNAVAILABLE, INTERNAL, UNKNOWN or DATA_LOSS.'

- alert: ResourceServiceCapacityNearlyUsed
  severity: warning
  for: 30m
  expr: 100 * sum by (namespace, job, class) (resource_service_used{ {{- $series -}} }) / sum by (namespace, job, class) (resource_service_capacity{ {{- $series -}} } > 0) > {{ $limits.usedPercent }}
  summary: The fleet is nearly out of {{ "{{" }} $labels.class }}
  description: 'Claims hold {{ "{{" }} printf "%.1f" $value }} % of what all nodes can promise of {{ "{{" }} $labels.class }}.'

- alert: ResourceServiceNodesNearlyMax
  severity: warning
  for: 30m
  expr: 100 * sum by (namespace, job) (resource_service_nodes{ {{- $series -}} }) / {{ .Values.settings.nodes.nodesMax | int64 }} > 90
  summary: ResourceService has nearly as many nodes as it takes
  description: '{{ "{{" }} printf "%.1f" $value }} % of settings.nodes.nodesMax ({{ .Values.settings.nodes.nodesMax | int64 }}) are registered; further ones are refused.'

- alert: ResourceServiceClaimHeldLong
  severity: warning
  for: 5m
  expr: max by (namespace, job) (resource_service_oldest_held_claim_seconds{ {{- $series -}} }) / 60 > {{ $limits.heldMinutes }}
  summary: A claim is held and never confirmed
  description: 'The oldest claim under a lease is {{ "{{" }} printf "%.0f" $value }} minutes old: somebody renews it and does not confirm it.'

- alert: ResourceServiceStaleMigrations
  severity: warning
  for: 30m
  expr: max by (namespace, job) (resource_service_stale_migrations{ {{- $series -}} }) > 0
  summary: Moves of instances do not go on
  description: '{{ "{{" }} printf "%.0f" $value }} moves have made no progress for {{ .Values.settings.audits.staleMigrationMinutes | int64 }} minutes. Both of their nodes are held.'

- alert: ResourceServiceOverdueAudits
  severity: warning
  for: 30m
  expr: max by (namespace, job) (resource_service_overdue_audits{ {{- $series -}} }) > 0
  summary: Nodes are not audited
  description: '{{ "{{" }} printf "%.0f" $value }} nodes were not audited for longer than settings.audits.overdueMinutes.'

- alert: ResourceServiceOverCapacity
  severity: warning
  for: 0m
  expr: sum by (namespace, job) (increase(resource_service_drifts_total{ {{- $series -}} , kind="over_capacity"}[1h])) > 0
  summary: Nodes hold more than they have
  description: '{{ "{{" }} printf "%.0f" $value }} times in an hour an audit found a node with more claimed than its capacity.'

- alert: ResourceServiceUsageDifferences
  severity: warning
  for: 0m
  expr: max by (namespace, job) (resource_service_usage_differences{ {{- $series -}} }) > 0
  summary: The store of ResourceService had wrong sums
  description: '{{ "{{" }} printf "%.0f" $value }} nodes had another sum recorded than their claims add up to when the service started. The claims count.'

- alert: ResourceServiceBackgroundFailures
  severity: warning
  for: 5m
  expr: sum by (namespace, job, task) (increase(resource_service_background_failures_total{ {{- $series -}} }[15m])) > 0
  summary: What ResourceService does by itself fails
  description: '{{ "{{" }} $labels.task }} failed {{ "{{" }} printf "%.0f" $value }} times in 15 minutes. It is tried again.'

- alert: ResourceServiceMissedLeases
  severity: warning
  for: 0m
  expr: sum by (namespace, job) (increase(resource_service_missed_leases_total{ {{- $series -}} }[1h])) > 0
  summary: Leases end late
  description: '{{ "{{" }} printf "%.0f" $value }} leases in an hour were ended by the sweep instead of the clock.'

{{- if .Values.telemetry.otlp.endpoint }}

- alert: ResourceServiceTelemetryFailures
  severity: warning
  for: 15m
  expr: sum by (namespace, job) (increase(resource_service_telemetry_failures_total{ {{- $series -}} }[15m])) > 0
  summary: Traces, metrics or logs of ResourceService are lost
  description: 'The collector did not take them {{ "{{" }} printf "%.0f" $value }} times in 15 minutes.'
{{- end }}
{{- if .Values.backup.enabled }}
{{- $job := printf `namespace="%s", cronjob="%s"` (include "resource-service.namespace" .) (include "resource-service.backupName" .) }}

- alert: ResourceServiceBackupOverdue
  severity: warning
  for: 10m
  expr: (time() - max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{ {{- $job -}} } or kube_cronjob_created{ {{- $job -}} })) / 3600 > {{ $limits.backupHours }}
  summary: The ledger of ResourceService is not backed up
  description: 'The last backup that succeeded, or the schedule if none did, is {{ "{{" }} printf "%.0f" $value }} hours old.'
{{- end }}
{{- end }}
