using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace ResourceService.Ledger.Tests;

/// <summary>What holds for the source as a whole. The compiler checks the rest.</summary>
public partial class ArchitectureTests
{
    private const int LinesMax = 500;

    // One way only: a project may use those to its right.
    private static readonly Dictionary<string, string[]> _references = new(StringComparer.Ordinal)
    {
        ["ResourceService.Contracts"] = [],
        ["ResourceService.Ledger"] = [],
        ["ResourceService.Storage"] = ["ResourceService.Ledger"],
        ["ResourceService.Server"] = ["ResourceService.Contracts", "ResourceService.Ledger", "ResourceService.Storage"],
    };

    private static readonly DirectoryInfo _root = FindRoot();

    [Fact]
    public void Projects_reference_each_other_one_way()
    {
        var actual = Projects("src").ToDictionary(Name, References, StringComparer.Ordinal);

        Assert.Equal(_references.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(_references, expected => Assert.Equal(expected.Value, actual[expected.Key].Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Server_is_the_only_executable() =>
        Assert.Equal(["ResourceService.Server"], Projects("src").Where(IsExecutable).Select(Name));

    [Fact]
    public void Ledger_uses_the_framework_and_nothing_else()
    {
        var ledger = typeof(Capacity).Assembly;

        Assert.All(ledger.GetReferencedAssemblies(), reference => Assert.StartsWith("System.", reference.Name, StringComparison.Ordinal));
        Assert.Empty(Project("ResourceService.Ledger").Descendants("PackageReference"));
    }

    [Fact]
    public void Ledger_has_no_clock_no_chance_no_input_and_no_locks()
    {
        var offences = Sources("src/ResourceService.Ledger")
            .Where(source => Impure().IsMatch(File.ReadAllText(source.FullName)))
            .Select(source => source.Name);

        Assert.Empty(offences);
    }

    [Fact]
    public void No_source_is_longer_than_a_reader_can_hold()
    {
        var lengths = Sources("src").Concat(Sources("tests")).Select(source => (source.Name, Lines: File.ReadLines(source.FullName).Count()));

        Assert.DoesNotContain(lengths, source => source.Lines > LinesMax);
    }

    [Fact]
    public void No_source_leaves_work_for_later()
    {
        // Put together here, so that this file is no hit.
        string[] marks = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X"];
        var offences = Sources("src").Concat(Sources("tests"))
            .Where(source => marks.Any(mark => File.ReadAllText(source.FullName).Contains(mark, StringComparison.Ordinal)))
            .Select(source => source.Name);

        Assert.Empty(offences);
    }

    private static IEnumerable<FileInfo> Projects(string folder) =>
        new DirectoryInfo(Path.Combine(_root.FullName, folder)).EnumerateFiles("*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<FileInfo> Sources(string folder) =>
        new DirectoryInfo(Path.Combine(_root.FullName, folder)).EnumerateFiles("*.cs", SearchOption.AllDirectories)
            .Where(source => !Built().IsMatch(source.FullName));

    private static XDocument Project(string name) => XDocument.Load(Path.Combine(_root.FullName, "src", name, $"{name}.csproj"));

    private static string Name(FileInfo project) => Path.GetFileNameWithoutExtension(project.Name);

    private static List<string> References(FileInfo project) =>
        [.. XDocument.Load(project.FullName).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))];

    private static bool IsExecutable(FileInfo project)
    {
        var document = XDocument.Load(project.FullName);
        return document.Root!.Attribute("Sdk")!.Value.EndsWith(".Web", StringComparison.Ordinal)
            || document.Descendants("OutputType").Any(type => type.Value.EndsWith("Exe", StringComparison.OrdinalIgnoreCase));
    }

    private static DirectoryInfo FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ResourceService.sln")))
                return folder;
        }

        throw new InvalidOperationException($"There is no ResourceService.sln above {AppContext.BaseDirectory}.");
    }

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset(?!\.FromUnix)|TimeProvider|Stopwatch|Environment|Random|Task|Thread|Console|File|Directory|HttpClient|Lock|Monitor|Interlocked)\b[.<( ]|Guid\.NewGuid|\block\s*\(",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Impure();

    [GeneratedRegex(@"[\\/](bin|obj)[\\/]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Built();
}
