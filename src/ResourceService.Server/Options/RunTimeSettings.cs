using System.Text;
using ResourceService.Server.Security;
using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>
/// The file of settings that change while the service runs: the levels of logging. It is looked at by its content, because a mounted ConfigMap is
/// a link to a link whose own time never changes, and one that cannot be used leaves the last good one in force.
/// </summary>
internal sealed class RunTimeSettings : ConfigurationProvider, IConfigurationSource, IReloadable
{
    private readonly WatchedFiles<IDictionary<string, string?>> _file;

    /// <summary>Reads the file; throws <see cref="StoreException"/> when it cannot be used.</summary>
    public RunTimeSettings(string path)
    {
        try
        {
            _file = new WatchedFiles<IDictionary<string, string?>>([path], contents => Parse(contents[0]));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new StoreException($"{SettingNames.SettingsFile} is '{path}', which cannot be used: {cause.Message}", cause);
        }
    }

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public bool IsInForce => _file.IsInForce;

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <inheritdoc/>
    public override void Load() => Data = _file.Current;

    /// <inheritdoc/>
    public async Task<bool> ReloadAsync(CancellationToken cancellation)
    {
        if (!await _file.ReloadAsync(cancellation))
            return false;
        Load();
        OnReload();
        return true;
    }

    private static Dictionary<string, string?> Parse(string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        IConfigurationRoot settings;
        try
        {
            settings = new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (Exception cause) when (cause is FormatException or System.Text.Json.JsonException)
        {
            throw new FormatException($"it is no JSON: {cause.GetBaseException().Message}", cause);
        }

        string[] violations =
        [
            .. settings.AsEnumerable().Where(setting => setting.Value is not null && !IsLogLevel(setting.Key)).Select(
                setting => $"{setting.Key} cannot change while the service runs: it belongs into the other settings"),
            .. OptionsRules.LogLevelViolations(settings.GetSection("Logging")),
        ];
        return violations.Length == 0
            ? settings.AsEnumerable().ToDictionary(StringComparer.OrdinalIgnoreCase)
            : throw new FormatException(string.Join("; ", violations));
    }

    // For all providers of logs, or for one: Logging:LogLevel:Category, Logging:Console:LogLevel:Category.
    private static bool IsLogLevel(string key) =>
        key.Split(':') is [var logging, .., var level, _]
        && string.Equals(logging, "Logging", StringComparison.OrdinalIgnoreCase) && string.Equals(level, "LogLevel", StringComparison.OrdinalIgnoreCase);
}
