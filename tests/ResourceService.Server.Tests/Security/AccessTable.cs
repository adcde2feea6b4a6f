using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests.Security;

/// <summary>Who may call what, as the contract's text says it beside each method.</summary>
internal static partial class AccessTable
{
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
        var text = File.ReadAllText(Path.Combine(ServiceProcess.ProtosPath, method.File.Name));
        var comment = Regex.Match(text, $@"((?:  //[^\n]*\n)+)  rpc {method.Name}\(");
        var line = AccessLine().Match(comment.Groups[1].Value);
        Assert.True(line.Success, $"{method.FullName} says nothing of its access");
        var words = line.Groups[1].Value.Split(", ");
        Assert.All(words, word => Assert.True(word == "agent for its own node" || _roles.Contains(word), $"{method.FullName}: '{word}' is no role"));
        return words;
    }

    [GeneratedRegex(@"  // Access: ([^\n]+)\.\n")]
    private static partial Regex AccessLine();
}
