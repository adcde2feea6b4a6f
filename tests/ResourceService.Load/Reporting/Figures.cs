namespace ResourceService.Load.Reporting;

/// <summary>Numbers as the tables show them.</summary>
internal static class Figures
{
    public const string NotKnown = "n/a";

    public static string Count(double value) => value.ToString("N0");

    public static string Latency(double microseconds) => microseconds switch
    {
        < 1_000 => $"{microseconds:0} µs",
        < 100_000 => $"{microseconds / 1_000:0.00} ms",
        _ => $"{microseconds / 1_000_000:0.00} s",
    };

    public static string Microseconds(double? value) => value is null ? NotKnown : $"{value:0.0} µs";

    public static string Mib(double? value) => value is null ? NotKnown : $"{value:N0} MiB";

    public static string Ratio(double? value) => value is null ? NotKnown : $"{value:0.00}";

    public static string Errors(IReadOnlyDictionary<string, long> errors) =>
        errors.Count == 0 ? "none" : string.Join(", ", errors.OrderByDescending(error => error.Value).Select(error => $"{error.Key} {error.Value:N0}"));
}
