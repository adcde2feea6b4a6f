namespace ResourceService.Ledger.Devices;

/// <summary>PCI addresses as numbers of domain, bus, slot and function: compared without case, and in order.</summary>
internal static class DeviceAddress
{
    /// <summary>The number of an address such as <c>0000:3b:02.1</c>. Addresses are validated where they come in.</summary>
    public static ulong Parse(string address)
    {
        var number = 0UL;
        foreach (var character in address)
        {
            if (character is ':' or '.')
                continue;
            Invariant.Require(char.IsAsciiHexDigit(character), "a device has a PCI address");
            number = (number << 4) + (ulong)((character & 0xF) + (character > '9' ? 9 : 0));
        }

        return number;
    }
}
