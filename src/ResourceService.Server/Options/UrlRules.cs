using System.Net;
using ResourceService.Server.Security;

namespace ResourceService.Server.Options;

/// <summary>What the addresses to listen on must be: the web server would take some wrong ones for others, and tell of the rest by a stack trace.</summary>
internal static class UrlRules
{
    /// <summary>What is wrong with the addresses and with the ports beside them.</summary>
    public static IEnumerable<string> Violations(ServiceOptions options)
    {
        var urls = Split(options.Urls);
        if (urls.Length == 0)
            yield return $"urls is '{options.Urls}'; must have an address such as {ServiceOptions.DefaultUrl}";
        foreach (var url in urls)
        {
            if (Expected(url) is { } expected)
                yield return $"urls has '{url}'; {expected}";
        }

        var taken = ListenAddress.Read(options.Urls).Select(address => address.Port).ToHashSet();
        foreach (var (setting, port) in options.OwnPorts)
        {
            if (!taken.Add(port))
                yield return $"{setting} is {port}, which is taken by another address; it needs a port of its own";
        }
    }

    /// <summary>The addresses one by one.</summary>
    public static string[] Split(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether the service can listen there.</summary>
    public static bool IsRight(string url) => Expected(url) is null;

    // Null when it is right.
    private static string? Expected(string url)
    {
        const string Form = "must be of the form http://127.0.0.1:5080, with * for every address";
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return Form;
        }

        if (!IsScheme("http") && !IsScheme("https"))
            return "must begin with http:// or https://";
        if (address.IsUnixPipe)
            return null;
        // A port that is no number is taken for a part of the host's name, and what is no address for every address.
        if (address.Host.StartsWith('[') ? !IPAddress.TryParse(address.Host, out _) : address.Host.Contains(':'))
            return Form;
        if (address.PathBase.Length > 0)
            return "must have no path";
        if (address.Port is < 0 or > IPEndPoint.MaxPort)
            return $"must have a port of 0 to {IPEndPoint.MaxPort}";
        return address.Port == 0 && string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
            ? "must have a port other than 0, because localhost is two addresses; or use 127.0.0.1 or [::1]"
            : null;

        bool IsScheme(string scheme) => string.Equals(address.Scheme, scheme, StringComparison.OrdinalIgnoreCase);
    }
}
