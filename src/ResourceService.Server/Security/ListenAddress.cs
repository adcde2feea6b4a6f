using System.Net;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>One address of <c>urls</c>, as far as security goes.</summary>
/// <param name="Url">As configured.</param>
/// <param name="IsTls">Whether it is https.</param>
/// <param name="IsLocal">Whether only this machine can reach it.</param>
/// <param name="Port">Its port.</param>
internal sealed record ListenAddress(string Url, bool IsTls, bool IsLocal, int Port)
{
    /// <summary>Reads all of them that are right.</summary>
    public static IReadOnlyList<ListenAddress> Read(string urls) =>
    [
        .. from url in UrlRules.Split(urls)
           where UrlRules.IsRight(url)
           let address = BindingAddress.Parse(url)
           select new ListenAddress(url, string.Equals(address.Scheme, "https", StringComparison.OrdinalIgnoreCase), IsThisMachine(address), address.Port),
    ];

    private static bool IsThisMachine(BindingAddress address) =>
        address.IsUnixPipe
        || string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
}
