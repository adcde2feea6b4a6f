namespace ResourceService.Ledger.Devices;

/// <summary>Devices that no request can tell apart: what a request selects, it selects by whole groups.</summary>
/// <param name="VendorId">Four hexadecimal digits.</param>
/// <param name="ProductId">Four hexadecimal digits.</param>
/// <param name="Type">The kind of function.</param>
/// <param name="NumaCell">The cell they are attached to, where the host knows it.</param>
/// <param name="Tags">What the operator says of them, ordered by key.</param>
internal sealed record DeviceGroup(
    string VendorId, string ProductId, DeviceType Type, int? NumaCell, ValueList<KeyValuePair<string, string>> Tags)
{
    private const string RemoteManagedTag = "remote_managed";

    /// <summary>What each of them is.</summary>
    public DeviceModel Model { get; } = new(VendorId, ProductId, Type);

    /// <summary>Whether the devices are managed from elsewhere, and so given only to who asks for such ones.</summary>
    public bool IsRemoteManaged { get; } = SaysRemoteManaged(Tags);

    public static DeviceGroup Of(Device device) => new(device.VendorId, device.ProductId, device.Type, device.NumaCell, device.Tags);

    /// <summary>Whether tags name <c>remote_managed: true</c>.</summary>
    public static bool SaysRemoteManaged(ValueList<KeyValuePair<string, string>> tags) => Has(tags, KeyValuePair.Create(RemoteManagedTag, "true"));

    public bool MatchesAny(ValueList<DeviceDescription> alternatives)
    {
        foreach (var description in alternatives.Span)
        {
            if (Matches(description))
                return true;
        }

        return false;
    }

    private bool Matches(DeviceDescription description)
    {
        if ((description.Type is { } type && type != Type) || !Agrees(description.VendorId, VendorId) || !Agrees(description.ProductId, ProductId))
            return false;
        foreach (ref readonly var tag in description.Tags.Span)
        {
            if (!Has(Tags, tag))
                return false;
        }

        return true;
    }

    private static bool Agrees(string? asked, string actual) => asked is null || string.Equals(asked, actual, StringComparison.OrdinalIgnoreCase);

    private static bool Has(ValueList<KeyValuePair<string, string>> tags, in KeyValuePair<string, string> asked)
    {
        foreach (ref readonly var tag in tags.Span)
        {
            if (string.Equals(tag.Key, asked.Key, StringComparison.Ordinal))
                return string.Equals(tag.Value, asked.Value, StringComparison.OrdinalIgnoreCase);
        }

        return false;
    }
}
