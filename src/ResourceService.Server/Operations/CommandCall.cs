using ResourceService.Server.Options;
using ResourceService.Storage;

namespace ResourceService.Server.Operations;

/// <summary>A command as it was called.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Options">The values of its own options, by their names.</param>
/// <param name="IsForced">Whether it may replace what is there.</param>
/// <param name="Settings">The settings that were given beside them.</param>
internal sealed record CommandCall(string Name, IReadOnlyDictionary<string, string> Options, bool IsForced, string[] Settings)
{
    /// <summary>An option's value; null when it was not given.</summary>
    public string? Option(string name) => Options.GetValueOrDefault(name);

    /// <summary>An option's file, from the root on; null when it was not given.</summary>
    public string? FileOf(string name) => Option(name) is { } path ? Path.GetFullPath(path) : null;

    /// <summary>The settings, from wherever the service has them.</summary>
    public IConfigurationRoot Configuration() => ServiceSettings.Load(Settings).Configuration;

    /// <summary>Those of the store.</summary>
    public StorageOptions Storage() => ServiceOptions.ReadStorage(Configuration());
}
