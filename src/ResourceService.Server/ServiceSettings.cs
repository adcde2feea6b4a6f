using Microsoft.Extensions.Configuration.EnvironmentVariables;
using ResourceService.Server.Options;
using ResourceService.Server.Security;
using ResourceService.Storage;

namespace ResourceService.Server;

/// <summary>
/// Where settings come from, for the service and its commands alike, each source over those before it: appsettings.json and the environment's own
/// beside the program, the file of settings that change at run time, the environment, the command line.
/// </summary>
internal static class ServiceSettings
{
    /// <summary>A host to be with all settings; throws <see cref="StoreException"/> when they cannot be read.</summary>
    public static WebApplicationBuilder Load(string[] args)
    {
        WebApplicationBuilder builder;
        try
        {
            // The settings lie beside the program, wherever it is started from; the data directory is relative to where it is started.
            builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        }
        catch (Exception cause) when (cause is InvalidDataException or FormatException)
        {
            // The inner one knows the line of a file.
            throw new StoreException($"The configuration cannot be read: {string.Join(" ", new[] { cause, cause.GetBaseException() }.Distinct().Select(error => error.Message))}", cause);
        }

        if (builder.Configuration[SettingNames.SettingsFile] is { Length: > 0 } path)
        {
            var settings = new RunTimeSettings(path);
            var sources = builder.Configuration.Sources;
            var environment = sources.First(source => source is EnvironmentVariablesConfigurationSource { Prefix: null or "" });
            sources.Insert(sources.IndexOf(environment), settings);
            builder.Services.AddSingleton<IReloadable>(settings);
        }

        return builder;
    }
}
