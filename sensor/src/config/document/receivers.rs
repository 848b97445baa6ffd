//! The lists of those who are sent something: `[[syslog]]`, `[[webhook]]`, `[[ipfix]]`.

use toml::{Spanned, de::DeValue};

use super::{
    super::{
        Config, Ipfix, Syslog, Webhook,
        ipfix::MAXIMUM_COLLECTORS,
        receiver::{MAXIMUM_RECEIVERS, problem_of_name},
    },
    Reader, keys,
};

impl<'t> Reader<'t> {
    pub(super) fn receivers(
        &mut self,
        syslogs: Option<Spanned<DeValue<'t>>>,
        webhooks: Option<Spanned<DeValue<'t>>>,
        config: &mut Config,
    ) {
        let mut names: Vec<String> = Vec::new();
        for entry in self.few("syslog", syslogs, MAXIMUM_RECEIVERS) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(syslog) = self.value::<Syslog>(entry) else { continue };
            let others = names.iter().map(String::as_str);
            match problem_of_name(&syslog.name, others).or_else(|| syslog.problem()) {
                Some(wrong) => self.complain_in(&wrong, span, &keys),
                None => {
                    names.push(syslog.name.clone());
                    config.syslogs.push(syslog);
                }
            }
        }
        for entry in self.few("webhook", webhooks, MAXIMUM_RECEIVERS) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(webhook) = self.value::<Webhook>(entry) else { continue };
            match problem_of_name(&webhook.name, names.iter().map(String::as_str)) {
                Some(wrong) => self.complain_in(&wrong, span, &keys),
                None => {
                    names.push(webhook.name.clone());
                    config.webhooks.push(webhook);
                }
            }
        }
    }

    pub(super) fn collectors(&mut self, value: Option<Spanned<DeValue<'t>>>) -> Vec<Ipfix> {
        let mut collectors: Vec<Ipfix> = Vec::new();
        for entry in self.few("ipfix", value, MAXIMUM_COLLECTORS) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(collector) = self.value::<Ipfix>(entry) else { continue };
            let others = collectors.iter().map(|other| other.name.as_str());
            match problem_of_name(&collector.name, others) {
                Some(wrong) => self.complain_in(&wrong, span, &keys),
                None => collectors.push(collector),
            }
        }
        collectors
    }

    fn few(
        &mut self,
        name: &str,
        value: Option<Spanned<DeValue<'t>>>,
        most: usize,
    ) -> Vec<Spanned<DeValue<'t>>> {
        let start = value.as_ref().map_or(0, |value| value.span().start);
        let mut entries = self.entries(name, value);
        if entries.len() > most {
            self.complain(start, &format!("more than {most} `{name}`s"));
            entries.clear();
        }
        entries
    }
}
