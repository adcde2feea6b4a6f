namespace ResourceService.Testing;

/// <summary>A folder of one test, gone when the test is done.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("resourceservice-").FullName;

    /// <summary>A path inside.</summary>
    public string Below(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
