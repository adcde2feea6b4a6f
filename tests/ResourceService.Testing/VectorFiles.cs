using System.Text.Json;

namespace ResourceService.Testing;

/// <summary>Decisions recorded by running Nova and Placement, for comparison.</summary>
public static class VectorFiles
{
    /// <summary>Why a test that needs them is skipped.</summary>
    public const string Missing = "There is no folder shared/vectors beside the checkout, and RESOURCESERVICE_VECTORS names none.";

    /// <summary>The vectors of a family; null when there are none.</summary>
    public static IReadOnlyList<JsonElement>? TryLoad(string family) =>
        TryFind($"{family}.jsonl") is { } file ? [.. File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement)] : null;

    /// <summary>
    /// A file in the folder named by RESOURCESERVICE_VECTORS, or else in a folder <c>shared/vectors</c> beside the checkout; null when there is none.
    /// </summary>
    public static string? TryFind(string name)
    {
        var named = Environment.GetEnvironmentVariable("RESOURCESERVICE_VECTORS");
        var file = named is null ? FindBesideCheckout(name) : Path.Combine(named, "open", name);
        return File.Exists(file) ? file : null;
    }

    private static string? FindBesideCheckout(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "shared", "vectors", "open", name);
            if (File.Exists(file))
                return file;
        }

        return null;
    }
}
