using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;

namespace ResourceService.Server.Options;

/// <summary>Finds settings that do not exist: mostly a slip of the pen, which would otherwise have no effect and no sign.</summary>
internal static class SettingNames
{
    /// <summary>The file of settings that change while the service runs.</summary>
    public const string SettingsFile = "SettingsFile";

    /// <summary>The addresses to listen on.</summary>
    public const string Urls = "urls";

    private static readonly string[] _sectionsOfHost = ["Logging", "Kestrel"];

    // What stands in no section. The standard variables of telemetry may be given as arguments, too.
    private static readonly string[] _alone = [Urls, SettingsFile, "environment"];

    /// <summary>Those of a section.</summary>
    public static IEnumerable<string> Unknown(IConfigurationSection section, Type options)
    {
        var known = options.GetProperties().Select(property => property.Name).ToArray();
        return section.GetChildren()
            .Where(setting => !known.Contains(setting.Key, StringComparer.OrdinalIgnoreCase))
            .Select(setting => $"{setting.Path} is no setting; did you mean {section.Path}:{Nearest(setting.Key, known)}?");
    }

    /// <summary>
    /// The sections, of those that the command line and the settings files name, and on the command line also what stands in no section. The
    /// environment is full of names that mean something to others.
    /// </summary>
    public static IEnumerable<string> Unknown(IConfigurationRoot configuration, IEnumerable<string> sections)
    {
        string[] known = [.. sections];
        var given = (from provider in configuration.Providers
                     where provider is CommandLineConfigurationProvider or JsonConfigurationProvider
                     from name in provider.GetChildKeys([], parentPath: null)
                     select (Name: name, IsSection: provider.GetChildKeys([], name).Any(), IsArgument: provider is CommandLineConfigurationProvider)).Distinct();
        foreach (var (name, isSection, isArgument) in given)
        {
            if (isSection && !known.Concat(_sectionsOfHost).Contains(name, StringComparer.OrdinalIgnoreCase))
                yield return $"{name} is no section of settings; did you mean {Nearest(name, known)}?";
            else if (isArgument && !isSection
                && !_alone.Contains(name, StringComparer.OrdinalIgnoreCase) && !name.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase))
                yield return $"{name} is no setting; did you mean {Nearest(name, [.. _alone, .. known.Select(section => $"{section}:...")])}?";
        }
    }

    private static string? Nearest(string name, IEnumerable<string> known) => known.MinBy(other => Distance(name, other));

    // How many letters must be added, taken out or exchanged (Levenshtein's distance), row by row.
    private static int Distance(string left, string right)
    {
        var above = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 0; i < left.Length; i++)
        {
            var row = new int[right.Length + 1];
            row[0] = i + 1;
            for (var j = 0; j < right.Length; j++)
            {
                var exchange = above[j] + (char.ToUpperInvariant(left[i]) == char.ToUpperInvariant(right[j]) ? 0 : 1);
                row[j + 1] = Math.Min(exchange, Math.Min(above[j + 1], row[j]) + 1);
            }

            above = row;
        }

        return above[right.Length];
    }
}
