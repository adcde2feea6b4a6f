using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>The ranges of all options, checked at start: every one that is wrong is named at once.</summary>
internal static class OptionsRules
{
    /// <summary>The web server's own settings: its addresses would be listened on beside all rules about who may call.</summary>
    public static IEnumerable<string> KestrelViolations(IConfigurationSection kestrel) =>
        kestrel.GetChildren().Select(setting => $"{setting.Path} is no setting of this service; addresses are set with urls, certificates with Security");

    /// <summary>The levels of logging that are none, wherever they stand.</summary>
    public static IEnumerable<string> LogLevelViolations(IConfigurationSection logging) => logging.GetChildren()
        .SelectMany(section => section.GetSection("LogLevel").GetChildren())
        .Concat(logging.GetSection("LogLevel").GetChildren())
        .Where(level => !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _))
        .Select(level => $"{level.Path} is '{level.Value}'; must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}");

    /// <summary>What is wrong with the values of all sections but security's; nothing when all is well.</summary>
    /// <param name="options">The values.</param>
    /// <param name="isReadable">Whether a setting had a value of its kind, or none; otherwise it has its default now.</param>
    public static IReadOnlyList<string> Violations(ServiceOptions options, Func<string, bool> isReadable)
    {
        var (commit, nodes, requests) = (options.Commit, options.Nodes, options.Requests);
        var (retention, audits, limits) = (options.Retention, options.Audits, options.Limits);
        var violations = Violations(options.Storage);
        Between("Commit:BatchMax", commit.BatchMax, 1, 100_000);
        Between("Commit:RetryDelayMs", commit.RetryDelayMs, 1, 60_000);
        Between("Nodes:QueueDepthMax", nodes.QueueDepthMax, 1, 1_000_000);
        Between("Nodes:InFlightMax", nodes.InFlightMax, 1, 10_000_000);
        Between("Nodes:NodesMax", nodes.NodesMax, 1, 10_000_000);
        Between("Nodes:SnapshotIntervalSeconds", nodes.SnapshotIntervalSeconds, 1, 86_400);
        Between("Requests:RememberedMax", requests.RememberedMax, 0, 100_000_000);
        Between("Requests:RememberedMinutes", requests.RememberedMinutes, 1, 100_000);
        Between("Requests:MessageBytesMax", requests.MessageBytesMax, 1_024, 1 << 30);
        Between("Requests:StreamInFlightMax", requests.StreamInFlightMax, 1, 100_000);
        Between("Requests:StreamsPerConnectionMax", requests.StreamsPerConnectionMax, 1, 100_000);
        Between("Requests:ShutdownSeconds", requests.ShutdownSeconds, 1, 3_600);
        Between("Audits:StaleMigrationMinutes", audits.StaleMigrationMinutes, 1, 100_000);
        Between("Audits:OverdueMinutes", audits.OverdueMinutes, 0, 100_000);
        Between("Audits:SweepIntervalSeconds", audits.SweepIntervalSeconds, 1, 3_600);
        Between("Audits:SweptNodesMax", audits.SweptNodesMax, 1, 1_000_000);
        Between("Audits:UnconfirmedOrphansMax", audits.UnconfirmedOrphansMax, 0, 10_000);
        Between("Audits:UnconfirmedOrphanPercent", audits.UnconfirmedOrphanPercent, 0, 100);
        Between("Requests:WatchStallSeconds", requests.WatchStallSeconds, 1, 86_400);
        Between("Requests:AnswerStallSeconds", requests.AnswerStallSeconds, 2, 86_400);
        Between("Retention:EventHours", retention.EventHours, 0, 1_000_000);
        Between("Retention:EndedClaimHours", retention.EndedClaimHours, 0, 1_000_000);
        Between("Retention:SnapshotHours", retention.SnapshotHours, 1, 1_000_000);
        Between("Retention:SnapshotMinuteHours", retention.SnapshotMinuteHours, 1, 1_000_000);
        Between("Retention:SnapshotHourHours", retention.SnapshotHourHours, 0, 1_000_000);
        Between("Retention:RefusalHours", retention.RefusalHours, 0, 1_000_000);
        Between("Retention:RefusalsMax", retention.RefusalsMax, 0, 10_000_000);
        Between("Retention:StepRows", retention.StepRows, 1, 100_000);
        Between("Retention:IntervalSeconds", retention.IntervalSeconds, 1, 86_400);
        Between("Metrics:Port", options.Metrics.Port, 0, 65_535);
        Between("Health:Port", options.Health.Port, 0, 65_535);
        Between("Limits:CallsPerSecond", limits.CallsPerSecond, 0, 10_000_000);
        Between("Limits:CallsBurst", limits.CallsBurst, 0, 10_000_000);
        Between("Limits:CallsInFlightMax", limits.CallsInFlightMax, 0, 10_000_000);
        Between("Limits:ConnectionsMax", limits.ConnectionsMax, 1, 1_000_000);
        Between("Limits:ConnectionsPerAddressMax", limits.ConnectionsPerAddressMax, 1, 1_000_000);
        Between("Limits:UnreadAnswersMaxMb", limits.UnreadAnswersMaxMb, 4, 65_536);
        Between("Limits:HealthWatchesMax", limits.HealthWatchesMax, 4, 1_000_000);
        violations.AddRange(WithoutEffect(limits, isReadable));
        violations.AddRange(WithoutEffect(retention, isReadable));
        return violations;

        void Between(string name, int value, int least, int most) => Check(violations, name, value, least, most);
    }

    /// <summary>What is wrong with the store's settings.</summary>
    public static List<string> Violations(StorageOptions storage)
    {
        var violations = new List<string>();
        if (string.IsNullOrWhiteSpace(storage.DataDirectory))
            violations.Add("Storage:DataDirectory must be set");
        Check(violations, "Storage:DatabaseSizeMaxMb", storage.DatabaseSizeMaxMb, 0, 16_000_000);
        Check(violations, "Storage:ReserveMb", storage.ReserveMb, 0, 1_024);
        Check(violations, "Storage:CacheMb", storage.CacheMb, 1, 65_536);
        Check(violations, "Storage:CheckpointPages", storage.CheckpointPages, 100, 1_000_000);
        return violations;
    }

    // A limit that limits nothing gives a wrong sense of safety. A rate that cannot be read is told of as such.
    private static IEnumerable<string> WithoutEffect(LimitOptions limits, Func<string, bool> isReadable)
    {
        if (limits is { CallsBurst: > 0, CallsPerSecond: 0 } && isReadable("Limits:CallsPerSecond"))
            yield return $"Limits:CallsBurst is {limits.CallsBurst}, but Limits:CallsPerSecond is 0; a burst needs a rate, or nothing is limited";
    }

    // Snapshots are thinned as they age: first all, then one per minute, then one per hour.
    private static IEnumerable<string> WithoutEffect(RetentionOptions retention, Func<string, bool> isReadable)
    {
        const string All = "Retention:SnapshotHours", Minutes = "Retention:SnapshotMinuteHours", Hours = "Retention:SnapshotHourHours";
        if (retention.SnapshotMinuteHours < retention.SnapshotHours && isReadable(All) && isReadable(Minutes))
            yield return $"{Minutes} is {retention.SnapshotMinuteHours}; must be at least {All}, which is {retention.SnapshotHours}";
        if (retention.SnapshotHourHours > 0 && retention.SnapshotHourHours < retention.SnapshotMinuteHours && isReadable(Minutes) && isReadable(Hours))
            yield return $"{Hours} is {retention.SnapshotHourHours}; must be 0 or at least {Minutes}, which is {retention.SnapshotMinuteHours}";
    }

    private static void Check(List<string> violations, string name, int value, int least, int most)
    {
        if (value < least || value > most)
            violations.Add($"{name} is {value}; must be {least} to {most}");
    }
}
