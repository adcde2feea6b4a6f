using System.Reflection;

namespace ResourceService.Server;

/// <summary>The version of the program, for people, telemetry and bug reports.</summary>
internal static class ServiceVersion
{
    /// <summary>As it is built: <c>Version</c> in <c>src/Directory.Build.props</c>.</summary>
    public static string Text { get; } =
        typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
