using System.Globalization;

namespace ResourceService.Load.Servers;

/// <summary>Reads the server's commit counters from its Prometheus page. A server without that page is driven all the same, without these figures.</summary>
internal sealed class CommitCounters(Uri? metricsUrl) : IDisposable
{
    private const string CommitsName = "resource_service_commits_total";
    private const string ChangesName = "resource_service_committed_changes_total";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public async Task<CommitReading?> ReadAsync(CancellationToken cancellationToken)
    {
        if (metricsUrl is null)
        {
            return null;
        }
        try
        {
            var page = await _http.GetStringAsync(metricsUrl, cancellationToken);
            return page.Contains(CommitsName, StringComparison.Ordinal) ? new CommitReading(Sum(page, CommitsName), Sum(page, ChangesName)) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Adds up the series of a counter, whatever their labels: "name{label="x"} value [time]".</summary>
    private static double Sum(string page, string name)
    {
        double sum = 0;
        foreach (var line in page.Split('\n'))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length == name.Length || line[name.Length] is not ('{' or ' '))
            {
                continue;
            }
            var values = line[(line.LastIndexOf('}') is var end and >= 0 ? end + 1 : name.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            sum += double.Parse(values[0], CultureInfo.InvariantCulture);
        }
        return sum;
    }
}
