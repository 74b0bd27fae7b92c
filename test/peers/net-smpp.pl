# Net::SMPP as a client, one JSON object a line on standard output: what each request was answered with,
# and each deliver_sm, which it acknowledges. It ends when the response to its unbind is there.
# perl net-smpp.pl <port> <system_id> <password> <number of deliver_sm to wait for>
use strict;
use warnings;
use JSON::PP;
use Net::SMPP;

$| = 1;
my ($port, $system_id, $password, $deliveries) = @ARGV;
my $json = JSON::PP->new->canonical->latin1;
my @fields = qw(status system_id message_id message_state source_addr destination_addr source_addr_ton dest_addr_ton esm_class data_coding short_message receipted_message_id);

sub show {
    my ($what, $pdu) = @_;
    die "$what: connection lost\n" unless defined $pdu;
    my %said = (what => $what);
    for my $field (@fields) { $said{$field} = $pdu->{$field} if defined $pdu->{$field} }
    $said{receipted_message_id} =~ s/\0$// if defined $said{receipted_message_id};
    print $json->encode(\%said), "\n";
    return $pdu;
}

# Receipts and messages from handsets may come while a response is waited for.
my $got = 0;
my $deliver = sub {
    my ($smpp, $pdu) = @_;
    show('deliver_sm', $pdu);
    $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
    $got++;
};

alarm 30;
my ($smpp, $bound) = Net::SMPP->new_transceiver('127.0.0.1', port => $port, system_id => $system_id, password => $password)
    or die "nobody listens on $port\n";
show('bind_transceiver', $bound);
if ($bound->{status} == 0) {
    ${*$smpp}{handlers}->{0x00000005} = $deliver;
    my %from = (source_addr_ton => 5, source_addr_npi => 0, source_addr => 'Perl');
    my %to = (dest_addr_ton => 1, dest_addr_npi => 1);
    my @ids;
    my @submits = (
        { destination_addr => '447700900301', short_message => 'From perl @ home', data_coding => 3, registered_delivery => 1 },
        { destination_addr => '447700900302', short_message => pack('n*', 0x41f, 0x440, 0x438, 0x432, 0x435, 0x442), data_coding => 8, registered_delivery => 1 },
        # No route leads there.
        { destination_addr => '33612345678', short_message => 'Nowhere' },
        { destination_addr => '447700900303', short_message => 'Later', schedule_delivery_time => '000001000000000R' },
    );
    for my $submit (@submits) {
        my $response = show('submit_sm', $smpp->submit_sm(%from, %to, %$submit));
        push @ids, $response->{message_id};
    }
    while ($got < $deliveries) { $deliver->($smpp, scalar $smpp->read_pdu()) }
    show('query_sm', $smpp->query_sm(%from, message_id => $ids[0]));
    show('query_sm', $smpp->query_sm(%from, message_id => 'f' x 32));
    show('query_sm', $smpp->query_sm(%from, message_id => $ids[3]));
    show('replace_sm', $smpp->replace_sm(%from, message_id => $ids[3], short_message => 'Other words'));
    show('cancel_sm', $smpp->cancel_sm(%from, %to, destination_addr => '447700900303', message_id => $ids[3]));
    show('query_sm', $smpp->query_sm(%from, message_id => $ids[3]));
    show('enquire_link', $smpp->enquire_link());
    show('unbind', $smpp->unbind());
}
