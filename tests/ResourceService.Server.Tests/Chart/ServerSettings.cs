using System.Reflection;
using System.Text.RegularExpressions;

namespace ResourceService.Server.Tests.Chart;

/// <summary>The settings that the server's program binds, with its defaults.</summary>
internal static partial class ServerSettings
{
    private static readonly string[] _assemblies = ["ResourceService.Server", "ResourceService.Storage"];

    /// <summary>The default of each, by its name as an environment variable.</summary>
    public static IReadOnlyDictionary<string, string> Defaults { get; } = Read();

    private static Dictionary<string, string> Read()
    {
        var bindings = Binding().Matches(File.ReadAllText(Path.Combine(ServiceProcess.ProtosPath, "../src/ResourceService.Server/Options/ServiceOptions.cs")));
        Assert.True(bindings.Count > 5, "the server binds hardly any settings");
        var folder = Path.GetDirectoryName(ServiceProcess.ServerPath)!;
        Type[] types = [.. from name in _assemblies
                           from type in Assembly.LoadFrom(Path.Combine(folder, $"{name}.dll")).GetExportedTypes()
                           select type];
        return (from binding in bindings.DistinctBy(binding => binding.Value)
                let options = Activator.CreateInstance(Assert.Single(types, type => type.Name == binding.Groups["type"].Value))
                from property in options.GetType().GetProperties()
                select KeyValuePair.Create($"{binding.Groups["section"].Value}__{property.Name}", Written(property.GetValue(options)!))).ToDictionary();
    }

    private static string Written(object value) => value is bool truth ? truth ? "true" : "false" : value.ToString()!;

    [GeneratedRegex("""Bind<(?<type>\w+)>\("(?<section>\w+)"\)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Binding();
}
