using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests.Security;

/// <summary>Who may call what, as the contract's text says it beside each method.</summary>
internal static class AccessTable
{
    private const string Mark = "  // Access: ";

    private static readonly string[] _roles = ["scheduler", "operator", "viewer"];

    /// <summary>All methods of the contract.</summary>
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. new[]
            {
                NodeServiceReflection.Descriptor, ClaimServiceReflection.Descriptor, ResizeServiceReflection.Descriptor,
                MigrationServiceReflection.Descriptor, AuditServiceReflection.Descriptor,
            }
            .SelectMany(file => file.Services)
            .SelectMany(service => service.Methods),
    ];

    /// <summary>The words of a method's line: roles, and "agent for its own node".</summary>
    public static IReadOnlyList<string> Of(MethodDescriptor method)
    {
        var lines = File.ReadAllLines(Path.Combine(ServiceProcess.ProtosPath, method.File.Name));
        var rpc = Array.FindIndex(lines, line => line.StartsWith($"  rpc {method.Name}(", StringComparison.Ordinal));
        var access = lines[..rpc].Reverse().TakeWhile(line => line.StartsWith("  //", StringComparison.Ordinal))
            .SingleOrDefault(line => line.StartsWith(Mark, StringComparison.Ordinal));
        Assert.True(access is not null, $"{method.FullName} says nothing of its access");
        var words = access[Mark.Length..].TrimEnd('.').Split(", ");
        Assert.All(words, word => Assert.True(word == "agent for its own node" || _roles.Contains(word), $"{method.FullName}: '{word}' is no role"));
        return words;
    }
}
