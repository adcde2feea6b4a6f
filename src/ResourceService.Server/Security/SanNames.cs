using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace ResourceService.Server.Security;

/// <summary>The names in a certificate's subject alternative names that may name a caller: URIs and DNS names.</summary>
internal static class SanNames
{
    private const string ExtensionOid = "2.5.29.17";

    // GeneralName's alternatives, RFC 5280 section 4.2.1.6.
    private static readonly Asn1Tag _dnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag _uri = new(TagClass.ContextSpecific, 6);

    /// <summary>Reads them; none from a certificate whose extension is damaged.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        var names = new List<string>();
        try
        {
            foreach (var extension in certificate.Extensions.Where(extension => extension.Oid?.Value == ExtensionOid))
            {
                var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
                while (reader.HasData)
                {
                    var tag = reader.PeekTag();
                    if (tag.HasSameClassAndValue(_dnsName) || tag.HasSameClassAndValue(_uri))
                        names.Add(reader.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    else
                        reader.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            return [];
        }

        return names;
    }
}
