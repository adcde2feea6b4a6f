using ResourceService.Storage;

namespace ResourceService.Server.Options;

/// <summary>
/// Binds sections of settings, and gathers what is wrong with any of them, so that all of it is told at once. A value that cannot be read has its
/// default for the rules that follow, so that the others are looked at all the same; a rule about that value itself asks <see cref="IsReadable"/>.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _violations = [];
    private readonly HashSet<string> _unreadable = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, object> _sections = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The sections that were bound, by their names.</summary>
    public IReadOnlyDictionary<string, object> Sections => _sections;

    /// <summary>Binds a section.</summary>
    public T Bind<T>(string name)
        where T : class, new()
    {
        var section = configuration.GetSection(name);
        foreach (var property in typeof(T).GetProperties())
        {
            var setting = section.GetSection(property.Name);
            if (setting.Value is not { } value || Expected(property.PropertyType, value) is not { } expected)
                continue;
            _unreadable.Add(setting.Path);
            _violations.Add($"{setting.Path} is '{value}'; must be {expected}");
        }

        _violations.AddRange(SettingNames.Unknown(section, typeof(T)));
        var options = new ConfigurationBuilder()
            .AddInMemoryCollection(section.AsEnumerable(makePathsRelative: true).Where(setting => IsReadable($"{name}:{setting.Key}")))
            .Build()
            .Get<T>() ?? new T();
        _sections[name] = options;
        return options;
    }

    /// <summary>Whether a setting has a value of its kind, or none.</summary>
    public bool IsReadable(string path) => !_unreadable.Contains(path);

    /// <summary>Notes what else is wrong.</summary>
    public void Add(IEnumerable<string> violations) => _violations.AddRange(violations);

    /// <summary>Throws with everything that is wrong.</summary>
    public void ThrowIfAny()
    {
        if (_violations.Count > 0)
            throw new StoreException($"The configuration is wrong: {string.Join("; ", _violations)}.");
    }

    // Null when the value can be read.
    private static string? Expected(Type type, string value)
    {
        if (type == typeof(int))
            return int.TryParse(value, out _) ? null : decimal.TryParse(value, out _) ? "a whole number of 32 bits" : "a whole number";
        if (type == typeof(bool))
            return bool.TryParse(value, out _) ? null : "true or false";
        if (!type.IsEnum)
            return null;
        var names = Enum.GetNames(type);
        return names.Contains(value, StringComparer.OrdinalIgnoreCase) ? null : $"one of {string.Join(", ", names)}";
    }
}
