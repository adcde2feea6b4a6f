using CsvHelper;

namespace ResourceService.Load.Replay;

/// <summary>Reads the files of a trace: CSV with a header, columns found by name.</summary>
internal static class TraceFile
{
    // Given, because the reader would otherwise guess, and | occurs inside a field.
    private static readonly CsvReaderOptions _options = new() { Separator = ',' };

    public static IReadOnlyList<T> Read<T>(string path)
    {
        using var csv = CsvReader.FromFile(path, _options);
        try
        {
            return [.. csv.GetRecords<T>()];
        }
        catch (Exception e) when (e is CsvFormatException or ArgumentException or KeyNotFoundException)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }
}
