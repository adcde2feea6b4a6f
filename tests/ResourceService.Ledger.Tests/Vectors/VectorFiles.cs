namespace ResourceService.Ledger.Tests.Vectors;

/// <summary>Where the vectors are: decisions recorded by running Nova and Placement.</summary>
internal static class VectorFiles
{
    /// <summary>Why a test of vectors is skipped when there is no file.</summary>
    public const string Missing = "There is no folder shared/vectors beside the checkout, and RESOURCESERVICE_VECTORS names none.";

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
