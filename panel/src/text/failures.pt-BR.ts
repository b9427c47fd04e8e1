/* Português do Brasil: por que uma tentativa falhou, e o que fazer. */
import type { failuresEn } from "./failures.en";

export const failuresPtBR: Record<keyof typeof failuresEn, string> = {
  "reason.none": "Não há nada errado.",
  "advice.none": "Nada precisa mudar.",
  "reason.no-such-domain": "{domain} não existe no DNS.",
  "advice.no-such-domain":
    "Confira aqui como o domínio está escrito; se estiver certo, o parceiro precisa registrá-lo ou publicar seus registros.",
  "reason.no-address": "{domain} não tem registro SRV para servidores XMPP nem endereço próprio.",
  "advice.no-address":
    "O parceiro precisa publicar o registro SRV _xmpp-server._tcp.{domain}; até lá, defina aqui o FQDN do proxy do parceiro.",
  "reason.no-target-address": "Os registros SRV de {domain} indicam hosts que não têm endereço.",
  "advice.no-target-address":
    "O parceiro precisa publicar registros A ou AAAA para os hosts que seus registros SRV indicam.",
  "reason.no-service":
    "{domain} declara no DNS que não tem servidor XMPP para outros (destino SRV \".\").",
  "advice.no-service":
    "O parceiro precisa publicar o registro SRV do seu servidor se quiser federar.",
  "reason.dns-failed": "Os servidores de nomes de {domain} respondem com erro, ou nem respondem.",
  "advice.dns-failed":
    "O parceiro precisa consertar seus servidores de nomes; se outros domínios também falharem, verifique o nosso resolvedor.",
  "reason.dns-timeout": "Nenhum servidor de nomes respondeu a tempo à consulta de {domain}.",
  "advice.dns-timeout":
    "Verifique se o nosso resolvedor está acessível; se outros domínios funcionam, os servidores de nomes do parceiro estão fora do ar ou isolados.",
  "reason.dns-bogus":
    "O DNSSEC mostra que a resposta do DNS para {domain} é forjada ou está mal assinada.",
  "advice.dns-bogus":
    "O parceiro precisa assinar sua zona de novo; se outros domínios assinados também falharem, verifique o relógio e a âncora de confiança aqui.",
  "reason.target-refused":
    "Nossas configurações recusam a conexão com {address}, onde {domain} se encontra.",
  "advice.target-refused":
    "Retire essa rede dos destinos recusados aqui, ou peça que o parceiro publique um endereço permitido.",
  "reason.own-address": "{address}, para onde o DNS leva {domain}, é este próprio servidor.",
  "advice.own-address":
    "O parceiro precisa corrigir seu registro SRV; ou, se o domínio for nosso, exclua o parceiro e inclua o domínio em local-domains aqui.",
  "reason.connection-refused": "{address} recusa a conexão.",
  "advice.connection-refused":
    "O parceiro precisa iniciar seu servidor XMPP ou abrir a porta; ou seu registro SRV indica a porta errada.",
  "reason.unreachable": "{address} não pode ser alcançado[: {detail}].",
  "advice.unreachable":
    "Verifique rotas e firewalls entre os dois lados, e a opção edge.source-address.",
  "reason.connect-timeout": "{address} não responde à tentativa de conexão.",
  "advice.connect-timeout":
    "Um firewall de um dos lados descarta os pacotes, ou o host do parceiro está fora do ar: TCP de saída precisa ser permitido aqui, e de entrada lá.",
  "reason.silent-peer": "{address} aceitou a conexão e nunca enviou um cabeçalho de fluxo.",
  "advice.silent-peer":
    "O servidor do parceiro travou, ou outra coisa escuta nessa porta: o parceiro precisa verificar.",
  "reason.not-xmpp": "O que {address} envia não é um fluxo XMPP entre servidores[: {detail}].",
  "advice.not-xmpp":
    "O parceiro precisa corrigir a porta no registro SRV: 5269 é a usual, 5222 é para clientes.",
  "reason.plain-text-on-tls-port": "{address} responde em texto claro onde se anunciou TLS.",
  "advice.plain-text-on-tls-port":
    "O parceiro precisa usar TLS na porta que seu registro SRV _xmpps-server indica, ou retirar esse registro.",
  "reason.tls-on-plain-port":
    "{address} usa TLS desde o primeiro byte onde se esperava um cabeçalho de fluxo em texto claro.",
  "advice.tls-on-plain-port":
    "O parceiro precisa publicar essa porta como _xmpps-server, ou fazer o registro _xmpp-server indicar a porta de STARTTLS.",
  "reason.closed-without-word":
    "O servidor do parceiro fechou a conexão antes de o fluxo ficar pronto e não disse por quê[ ({detail})].",
  "advice.closed-without-word":
    "O parceiro precisa consultar o log do servidor dele; um firewall ou um servidor sobrecarregado também faz isso.",
  "reason.starttls-not-offered":
    "O servidor de {domain} não oferece TLS, e nossas configurações o exigem.",
  "advice.starttls-not-offered":
    "O parceiro precisa ativar TLS; ou defina TLS como Opcional para ele aqui.",
  "reason.starttls-refused":
    "O servidor de {domain} não iniciou TLS, e nossas configurações o exigem.",
  "advice.starttls-refused":
    "O parceiro precisa consertar o TLS do servidor dele, provavelmente o certificado; ou defina TLS como Opcional para ele aqui.",
  "reason.tls-not-supported":
    "{domain} exige TLS, e nossas configurações o proíbem para este parceiro.",
  "advice.tls-not-supported": "Defina TLS como Opcional ou Obrigatório para o parceiro aqui.",
  "reason.tls-alert":
    "O servidor de {domain} interrompeu a negociação TLS com o alerta \"{detail}\".",
  "advice.tls-alert":
    "Peça ao parceiro que diga o que o servidor dele rejeitou; muitas vezes ele não confia no nosso certificado.",
  "reason.tls-version":
    "O servidor de {domain} não usa nenhuma versão de TLS aceita aqui (1.2 e 1.3).",
  "advice.tls-version": "O parceiro precisa ativar TLS 1.2 ou mais novo no servidor dele.",
  "reason.tls-timeout": "A negociação TLS com o servidor de {domain} nunca terminou.",
  "advice.tls-timeout":
    "O parceiro precisa ver por que o servidor dele para na negociação; firewalls que inspecionam TLS também causam isso.",
  "reason.tls-failed": "A negociação TLS com o servidor de {domain} falhou[: {detail}].",
  "advice.tls-failed": "Compare versões de TLS, cifras e certificados dos dois lados.",
  "reason.certificate-none":
    "O servidor de {domain} não apresentou certificado, e nossas configurações exigem um.",
  "advice.certificate-none":
    "O parceiro precisa fazer o servidor dele enviar o certificado em fluxos com outros servidores; ou permita dialback para ele aqui.",
  "reason.certificate-self-signed": "O certificado de {domain} é autoassinado.",
  "advice.certificate-self-signed":
    "O parceiro precisa de um certificado de uma autoridade em que se confia aqui; ou fixe a chave dele, ou permita dialback sobre TLS para ele.",
  "reason.certificate-expired": "O certificado de {domain} expirou[ ({detail})].",
  "advice.certificate-expired":
    "O parceiro precisa renová-lo e garantir que o servidor dele use o novo.",
  "reason.certificate-not-yet-valid": "O certificado de {domain} ainda não é válido.",
  "advice.certificate-not-yet-valid":
    "Confira os relógios dos dois lados; se estiverem certos, o parceiro precisa usar um certificado que já seja válido.",
  "reason.certificate-wrong-name":
    "O certificado que o servidor do parceiro apresentou não contém o nome {domain}[, mas {detail}].",
  "advice.certificate-wrong-name":
    "O parceiro precisa de um certificado que contenha o nome {domain}; o nome do host não conta.",
  "reason.certificate-unknown-ca":
    "O certificado de {domain} vem de uma autoridade em que não se confia aqui, ou a cadeia está incompleta[ (emissor {detail})].",
  "advice.certificate-unknown-ca":
    "O parceiro precisa enviar a cadeia inteira; se a autoridade for dele mesmo, defina-a aqui como âncora de confiança do parceiro.",
  "reason.certificate-revoked": "O certificado de {domain} foi revogado pela autoridade.",
  "advice.certificate-revoked":
    "O parceiro precisa de chave e certificado novos: outra pessoa pode ter a chave antiga.",
  "reason.certificate-weak": "O certificado de {domain} usa uma chave ou assinatura fraca demais.",
  "advice.certificate-weak":
    "O parceiro precisa de um certificado com chave RSA de 2048 bits ou curva elíptica, assinado com SHA-256 ou melhor.",
  "reason.certificate-purpose": "O certificado de {domain} não foi feito para TLS.",
  "advice.certificate-purpose":
    "O parceiro precisa usar um certificado cujos usos de chave permitam TLS (serverAuth).",
  "reason.certificate-pin":
    "O certificado de {domain} tem outra chave, ou outra autoridade, que não a definida para este parceiro.",
  "advice.certificate-pin":
    "Pergunte ao parceiro, mas não por XMPP, se ele trocou a chave: se sim, defina a nova aqui; se não, há alguém no meio.",
  "reason.certificate-dane":
    "O certificado de {domain} não corresponde a nenhum dos registros TLSA que o DNS tem para o servidor.",
  "advice.certificate-dane": "O parceiro precisa publicar registros TLSA para o certificado atual.",
  "reason.certificate-no-staple":
    "O servidor de {domain} não apresenta uma resposta OCSP válida, que nossas configurações ou o certificado dele exigem.",
  "advice.certificate-no-staple":
    "O parceiro precisa ativar OCSP stapling; ou deixe de exigi-lo aqui.",
  "reason.certificate-untrusted": "O certificado de {domain} não é confirmado[: {detail}].",
  "advice.certificate-untrusted":
    "O parceiro precisa consertá-lo; ou permita dialback sobre TLS para ele aqui.",
  "reason.external-not-offered":
    "O servidor de {domain} não nos deixa autenticar por certificado (não oferece SASL EXTERNAL), e nossas configurações exigem isso.",
  "advice.external-not-offered":
    "O parceiro precisa fazer o servidor dele confiar no nosso certificado e pedi-lo; ou permita dialback sobre TLS aqui.",
  "reason.external-refused":
    "O servidor de {domain} recusou nosso certificado (SASL EXTERNAL[: {detail}]).",
  "advice.external-refused":
    "Verifique se o nosso certificado contém {local}, não expirou e vem com a cadeia; o parceiro precisa confiar na autoridade dele.",
  "reason.dialback-not-offered":
    "O servidor de {domain} não oferece dialback, e nossas configurações não deixam outro caminho.",
  "advice.dialback-not-offered":
    "O parceiro precisa ativar dialback; ou usem certificados (SASL) dos dois lados.",
  "reason.dialback-not-allowed":
    "Com {domain} só resta o dialback, e nossas configurações não o permitem neste fluxo.",
  "advice.dialback-not-allowed":
    "Permita dialback para o parceiro aqui; ou usem certificados (SASL sobre TLS) dos dois lados.",
  "reason.dialback-invalid":
    "A chave de dialback foi considerada inválida, e o domínio não está comprovado.",
  "advice.dialback-invalid":
    "Verifique se o DNS leva cada domínio ao seu próprio servidor e se todos os servidores de um domínio usam o mesmo segredo de dialback.",
  "reason.dialback-timeout": "O servidor de {domain} nunca respondeu à nossa chave de dialback.",
  "advice.dialback-timeout":
    "Provavelmente ele não consegue se conectar de volta: verifique se o registro SRV de {local} e a nossa porta 5269 estão certos vistos de lá.",
  "reason.dialback-error": "O dialback com {domain} terminou em erro[: {detail}].",
  "advice.dialback-error":
    "Verifique se o registro SRV e a porta 5269 de cada lado podem ser alcançados pelo outro.",
  "reason.nothing-offered":
    "Não há forma de autenticação que {domain} e nossas configurações permitam ao mesmo tempo.",
  "advice.nothing-offered": "Altere TLS, SASL ou dialback em um dos dois lados.",
  "reason.settings-invalid":
    "As configurações de TLS, SASL e dialback de {domain} não funcionam juntas.",
  "advice.settings-invalid":
    "Altere-as aqui: causeway explain negotiation mostra o que elas permitem.",
  "reason.establishment-timeout": "O fluxo com {domain} não foi autenticado a tempo[: {detail}].",
  "advice.establishment-timeout":
    "O parceiro precisa ver por que o servidor dele não continua; veja também se os dois lados permitem o mesmo método.",
  "reason.too-many-streams":
    "O limite de fluxos com {domain}, ou de todos os fluxos, foi atingido aqui.",
  "advice.too-many-streams":
    "Aumente partner-connection-limit ou connection-limit aqui, ou veja por que o parceiro abre tantos.",
  "reason.partner-policy-violation":
    "O servidor de {domain} diz que violamos a política dele (policy-violation[: {detail}]).",
  "advice.partner-policy-violation":
    "Pergunte ao parceiro se {local} está lá na lista de domínios federados e que segurança ele exige.",
  "reason.not-listed-there":
    "O servidor de {domain} não reconhece {local} como domínio que pode se conectar ({detail}).",
  "advice.not-listed-there":
    "O parceiro precisa incluir {local} entre os domínios federados do lado dele; se ele falar de certificado, precisa confiar no nosso.",
  "reason.not-served-there":
    "O servidor que o DNS indica para {domain} diz que não atende esse domínio ({detail}).",
  "advice.not-served-there":
    "O parceiro precisa corrigir o registro SRV ou configurar o domínio nesse servidor; veja o FQDN do proxy do parceiro aqui.",
  "reason.partner-limit":
    "O servidor de {domain} não tem lugar para este fluxo (resource-constraint[: {detail}]).",
  "advice.partner-limit": "O parceiro precisa aumentar os limites ou descobrir o que os esgota.",
  "reason.partner-shutdown": "O servidor de {domain} está sendo desligado.",
  "advice.partner-shutdown": "Nada precisa mudar; o fluxo volta com ele.",
  "reason.partner-stream-error": "O servidor de {domain} encerrou o fluxo com um erro ({detail}).",
  "advice.partner-stream-error":
    "Peça ao parceiro que consulte o log do servidor dele neste horário.",
  "reason.not-a-partner": "{domain} não é um parceiro ativado aqui.",
  "advice.not-a-partner":
    "Inclua-o ou ative-o aqui se deve federar: causeway partner new {domain}.",
  "reason.not-our-domain":
    "O servidor de {domain} pediu um domínio que não é atendido aqui[: {detail}].",
  "advice.not-our-domain":
    "Verifique se o DNS desse domínio deve mesmo levar a este servidor; se sim, inclua-o em local-domains aqui.",
  "reason.protocol-error":
    "O que o servidor de {domain} enviou viola as regras do XMPP[: {detail}].",
  "advice.protocol-error": "O parceiro precisa consertar ou atualizar o servidor dele.",
  "reason.connection-lost": "A conexão com o servidor de {domain} caiu[: {detail}].",
  "advice.connection-lost":
    "Se isso se repetir, verifique firewalls que esquecem conexões ociosas (keep-alive) e o servidor do parceiro.",
  "reason.partner-does-not-read":
    "O servidor de {domain} não leu o que lhe foi enviado, e o fluxo foi abandonado.",
  "advice.partner-does-not-read":
    "O parceiro precisa ver por que o servidor dele está sobrecarregado ou travado.",
  "reason.policy-changed":
    "As configurações de {domain} foram alteradas aqui, e este fluxo não as satisfaz mais.",
  "advice.policy-changed": "Nada precisa mudar; um novo fluxo segue as novas configurações.",
  "reason.closed-by-administrator": "Um administrador fechou o fluxo aqui.",
  "advice.closed-by-administrator": "Nada precisa mudar.",
  "reason.closed-by-partner": "O servidor de {domain} fechou o fluxo.",
  "advice.closed-by-partner": "Nada precisa mudar; um novo fluxo é aberto quando for preciso.",
  "reason.inactivity": "O fluxo ficou ocioso por tanto tempo que foi fechado aqui.",
  "advice.inactivity": "Nada precisa mudar; um novo fluxo é aberto quando for preciso.",
  "reason.not-needed": "O fluxo servia para verificar uma chave de dialback, e isso foi feito.",
  "advice.not-needed": "Nada precisa mudar.",
  "reason.shutdown": "Este servidor foi desligado.",
  "advice.shutdown": "Nada precisa mudar.",
  "reason.other": "O fluxo com {domain} terminou[: {detail}].",
  "advice.other": "Consulte os logs dos dois lados neste horário.",
};
