using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResourceService.Load.Reporting;

/// <summary>Reports as JSON: to a file, to standard output ("-"), or nowhere.</summary>
internal sealed class JsonOutput(string? path)
{
    private const string StandardOutput = "-";

    private static readonly JsonSerializerOptions _options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public bool TakesStandardOutput => path == StandardOutput;

    public async Task WriteAsync<T>(T report, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return;
        }
        var json = JsonSerializer.Serialize(report, _options);
        if (TakesStandardOutput)
        {
            await Console.Out.WriteLineAsync(json.AsMemory(), cancellationToken);
        }
        else
        {
            await File.WriteAllTextAsync(path, json + "\n", cancellationToken);
        }
    }
}
